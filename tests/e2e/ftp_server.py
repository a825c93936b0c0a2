"""A real FTP server for the tests, pyftpdlib's, as a process of its own: it brings an event loop that we have not."""

from __future__ import annotations

import json
import sys
import warnings

warnings.simplefilter("ignore")  # its event loop is the standard library's old one

from pyftpdlib.authorizers import DummyAuthorizer  # noqa: E402
from pyftpdlib.handlers import FTPHandler  # noqa: E402
from pyftpdlib.servers import FTPServer  # noqa: E402


def main() -> None:
    """Serve a folder for user uftp; say the port on stdout."""
    given = json.loads(sys.argv[1])

    class Handler(FTPHandler):  # type: ignore[misc]  # it is not typed
        pass

    authorizer = DummyAuthorizer()
    authorizer.add_user("uftp", "12341", given["folder"], perm="elradfmwMT")
    authorizer.add_anonymous(given["folder"])
    Handler.authorizer = authorizer
    Handler.masquerade_address = given.get("masquerade")
    lacks = given.get("lacks", ())
    Handler.proto_cmds = {name: each for name, each in FTPHandler.proto_cmds.items() if name not in lacks}
    Handler.use_gmt_times = True
    server = FTPServer((given.get("host", "127.0.0.1"), 0), Handler)
    sys.stdout.write(f"{server.address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
