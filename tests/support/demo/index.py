"""The index that counts the clients of DEMO."""

from __future__ import annotations

from onemo.profile.index import Index

CLIENTS = Index(name="demoid", about="Only on this client.", urcs=rb'\+MDEMO[A-Z]+: (?:"[a-z]+",)?(\d+)')
