"""Renders expressions.json with Python's Jinja, set up as transformers sets it up, and holds the referee's output against it."""

import json
import pathlib

import jinja2.ext
from jinja2 import TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

folder = pathlib.Path(__file__).parents[2] / "Rlhf.Learning.Tests" / "Chat"


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise TemplateError(message)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
environment.filters["tojson"] = to_json
environment.globals["raise_exception"] = raise_exception


def render(source, turns, prompt):
    try:
        return environment.from_string(source).render(
            messages=[{"role": role, "content": content} for role, content in turns],
            add_generation_prompt=prompt, tools=None, documents=None, bos_token="<s>", eos_token="</s>")
    except (TemplateError, TypeError):
        return None


def read(name):
    return json.loads((folder / name).read_text("utf-8"))


cases = [[source, render(source, read("conversations.json")[3], True)] for source, _ in read("expressions.json")]
lines = ",\n".join("  " + json.dumps(case, ensure_ascii=True) for case in cases)
(folder / "expressions.json").write_text(f"[\n{lines}\n]\n", "utf-8")

differing = [
    (file, number, prompt)
    for file, rows in read("expected.json").items()
    for number, row in enumerate(rows)
    for prompt in (False, True)
    if render((folder / "Templates" / file).read_text("utf-8"), read("conversations.json")[number], prompt) != row[prompt]
]
print(f"{len(cases)} expressions rendered; the referee differs in {differing or 'nothing'}")
