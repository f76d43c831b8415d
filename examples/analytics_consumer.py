"""Published projects by country and theme, as they come, from the public topic of Bourse-projets.

An example for outside consumers: it needs aiokafka and nothing else. It reads the compacted topic from its beginning,
which gives every sheet that is published now, and then waits for more (or stops there, with --once).

usage: python analytics_consumer.py --bootstrap 127.0.0.1:8092 [--once]
"""

# ruff: noqa: T201 - it prints: that is what it is for

import argparse
import asyncio
import contextlib
import json
from collections import Counter
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

TOPIC = "bourse.publications"
PUBLISHED = "org.bourse-projets.project.published.v1"
UNPUBLISHED = "org.bourse-projets.project.unpublished.v1"


@dataclass
class Project:
    """What this program keeps of a project; not `public` once it is unpublished."""

    version: int
    public: bool = False
    title: str = ""
    countries: list = field(default_factory=list)
    themes: list = field(default_factory=list)

    def __str__(self):
        return f"{'/'.join(self.countries)}  {', '.join(self.themes)}  {printable(self.title)}"


class Figures:
    """The projects published now, and their numbers by country and theme."""

    def __init__(self):
        self.projects = {}

    def take(self, headers, key, value):
        """Take one record; the line to print, or None where it changes nothing."""
        known = self.projects.get(key, Project(version=0))
        if value is None:  # the operator erased what there was of this project
            self.projects.pop(key, None)
            return f"- {known}" if known.public else None
        kind = headers.get("ce_type")
        if kind not in (PUBLISHED, UNPUBLISHED):
            return None  # a new type, or a new version of one: not for this program
        event = json.loads(value)
        # at least once: what was seen already, or is older than what was seen, changes nothing
        if event["version"] <= known.version:
            return None
        project = self.projects[key] = Project(version=event["version"])
        if kind == UNPUBLISHED:
            return f"- {known}" if known.public else None
        sheet = event["sheet"]
        project.public = True
        project.title, project.countries, project.themes = sheet["title"], sheet["countries"], sheet["themes"]
        return f"{'=' if known.public else '+'} {project}"

    def table(self):
        """The figures as lines."""
        public = [project for project in self.projects.values() if project.public]
        lines = [f"{len(public)} projects published"]
        for title, name in (("country", "countries"), ("theme", "themes")):
            counts = Counter(value for project in public for value in getattr(project, name))
            lines += [f"by {title}:", *(f"  {count:5}  {value}" for value, count in counts.most_common())]
        return lines


def printable(text):
    """Text that someone typed, without what a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)


async def follow(bootstrap, once):
    """Read from the beginning; print each change, and the figures whenever the end is reached."""
    figures = Figures()
    # no group: this program keeps no offsets, it reads the whole topic at each start
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        if not consumer.assignment():
            raise SystemExit(f"there is no topic {TOPIC} at {bootstrap}")
        ends = await consumer.end_offsets(consumer.assignment())
        changed = True
        while True:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    headers = {name: content.decode() for name, content in record.headers}
                    key = (record.key or b"").decode()
                    line = figures.take(headers, key, record.value)
                    if line:
                        changed = True
                        print(line, flush=True)
            at_end = [await consumer.position(partition) >= end for partition, end in ends.items()]
            if all(at_end):
                if changed:
                    print("\n".join(figures.table()), flush=True)
                if once:
                    return
                changed = False
                ends = await consumer.end_offsets(consumer.assignment())
    finally:
        await consumer.stop()


def main():
    parser = argparse.ArgumentParser(description="Published projects of the Bourse by country and theme.")
    parser.add_argument("--bootstrap", required=True, help="Kafka brokers, host:port separated by commas")
    parser.add_argument("--once", action="store_true", help="stop at the end of the topic")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(follow(options.bootstrap, options.once))
        except KafkaError as error:
            raise SystemExit(f"cannot read {TOPIC} from {options.bootstrap}: {error}") from error


if __name__ == "__main__":
    main()
