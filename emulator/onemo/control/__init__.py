"""Control of running modules over HTTP: what they do, what happens to them, and what goes wrong."""
