"""What a reader of HTML finds in a page, by the parser of the standard library: elements, ids, headings, tables."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "link"}


@dataclass
class Node:
    """One element, its attributes and what is in it, texts among the elements."""

    name: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)

    def walk(self):
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, name: str) -> list["Node"]:
        return [node for node in self.walk() if node.name == name]

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def __getitem__(self, name: str) -> str | None:
        return self.attributes.get(name)


class _Builder(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = Node("document")
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag):
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].children.append(data)


def parsed(text: str) -> Node:
    """The page as a tree. AssertionError: an element is not closed, or closed in the wrong order."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    assert builder.open == [builder.root], f"<{builder.open[-1].name}> is not closed"
    return builder.root


def faults(page: Node) -> list[str]:
    """What a validator or a screen reader would trip over."""
    ids = [node["id"] for node in page.walk() if node["id"] is not None]
    found = [f"id {name} stands {ids.count(name)} times" for name in set(ids) if ids.count(name) > 1]
    wanted = [node["href"][1:] for node in page.all("a") if (node["href"] or "").startswith("#")]
    wanted += [name for node in page.walk() for name in (node["aria-labelledby"] or "").split()]
    found += [f"nothing has the id {name}" for name in wanted if name not in ids]
    level = 0
    for node in page.walk():
        if node.name in ("h1", "h2", "h3", "h4", "h5", "h6"):
            if int(node.name[1]) > level + 1:
                found.append(f"{node.name} {node.text!r} follows h{level}")
            level = int(node.name[1])
    found += [f"heading {h.text!r} is empty" for h in page.walk() if h.name in ("h1", "h2", "h3", "h4") if not h.text]
    found += [f"th {th.text!r} has no scope" for th in page.all("th") if th["scope"] not in ("row", "col")]
    found += ["a table has no caption" for table in page.all("table") if not table.all("caption")]
    found += ["an image has no title" for svg in page.all("svg") if svg["role"] == "img" and not svg.all("title")]
    for figure in page.all("figure"):
        said = "".join(caption.text for caption in figure.all("figcaption"))
        if "source" not in said.lower():
            found.append(f"figure {figure['id']} names no source: {said!r}")
    return found
