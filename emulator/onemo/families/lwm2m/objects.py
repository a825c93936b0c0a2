"""The objects of the DTE: instances, resources, and what is known of them during a login."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onemo.families.lwm2m.readings import Path, Reading, ValueCode
from onemo.net.lwm2m.links import Lwm2mLink


class Lwm2mObjects:
    """The objects that the DTE added.

    codes: the declared types of resources; sent: their values as they were told last; attributes: what the server set,
    as it is told, by path. The three, and the lists of resources, are of one login.
    """

    def __init__(self) -> None:
        self._usable: dict[int, tuple[bool, ...]] = {}
        self._listed: dict[int, list[int]] = {}
        self._joined: dict[Path, list[int]] = {}
        self.codes: dict[Path, ValueCode] = {}
        self.sent: dict[Path, Reading] = {}
        self.attributes: dict[Path, dict[str, str]] = {}

    def __contains__(self, number: object) -> bool:
        return number in self._usable

    def __len__(self) -> int:
        return len(self._usable)

    def __iter__(self) -> Iterator[int]:
        return iter(self._usable)

    def add(self, number: int, usable: Sequence[bool]) -> None:
        """Add an object. usable: for each instance from 0 on."""
        self._usable[number] = tuple(usable)

    def remove(self, number: int) -> None:
        """Remove an object, with all that is known of it."""
        del self._usable[number]
        self._listed.pop(number, None)
        known: list[dict[Path, object]] = [self._joined, self.codes, self.sent, self.attributes]  # type: ignore[list-item]
        for table in known:
            for path in [path for path in table if path[0] == number]:
                del table[path]

    def end_login(self) -> None:
        """Forget what does not outlive a login."""
        for table in (self._listed, self._joined, self.codes, self.sent, self.attributes):
            table.clear()

    def instances(self, number: int) -> list[int]:
        """Return the usable instances of an object."""
        return [place for place, usable in enumerate(self._usable.get(number, ())) if usable]

    def knows(self, path: Path) -> bool:
        """Tell whether there is the object of a path, and its instance where it has one."""
        return path[0] in self._usable and (len(path) == 1 or path[1] in self.instances(path[0]))

    def list_resources(self, number: int, resources: Sequence[int]) -> None:
        """Replace the resources of an object's instances."""
        self._listed[number] = list(dict.fromkeys(resources))

    def resources(self, number: int, instance: int) -> list[int]:
        """Return the resources of an instance: those of the list, then those that were told."""
        return list(dict.fromkeys((*self._listed.get(number, ()), *self._joined.get((number, instance), ()))))

    def listed(self, number: int) -> list[int]:
        """Return the list of an object's resources."""
        return self._listed.get(number, [])

    def declare(self, number: int, reading: Reading) -> None:
        """Take up the type of a value that the DTE gives; its resource joins the list."""
        path = number, reading.instance, reading.resource
        self.codes[path] = reading.code
        if reading.resource not in self.resources(number, reading.instance):
            self._joined.setdefault(path[:2], []).append(reading.resource)

    def remember(self, number: int, readings: Sequence[Reading]) -> None:
        """Keep values that were sent."""
        for reading in readings:
            self.sent[number, reading.instance, reading.resource] = reading

    def sent_inside(self, path: Path) -> list[Reading]:
        """Return the values that were sent of a path."""
        return [reading for place, reading in self.sent.items() if place[: len(path)] == path]

    def links(self, path: Path) -> list[Lwm2mLink]:
        """Return what a discovery of a path finds, in order: it, its instances, their resources."""
        found = [path]
        instances = self.instances(path[0]) if len(path) == 1 else [path[1]]
        for instance in instances if len(path) < 3 else ():
            if len(path) == 1:
                found.append((path[0], instance))
            found += [(path[0], instance, resource) for resource in self.resources(path[0], instance)]
        return [link_to(each, self.attributes.get(each)) for each in found]

    def registered(self) -> Iterator[Lwm2mLink]:
        """Yield a link to each usable instance, in the order in which objects were added; an object without any."""
        for number in self._usable:
            for instance in self.instances(number):
                yield link_to((number, instance))
            if not self.instances(number):
                yield link_to((number,))


def link_to(path: Path, attributes: dict[str, str] | None = None) -> Lwm2mLink:
    """Make a link to a path."""
    return Lwm2mLink("/" + "/".join(map(str, path)), tuple((attributes or {}).items()))
