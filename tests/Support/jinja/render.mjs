// Renders every template for every conversation, and writes what comes out beside them, for the tests to compare with.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { Template } from "@huggingface/jinja";

const folder = new URL("../../Rlhf.Learning.Tests/Chat/", import.meta.url);
const conversations = JSON.parse(readFileSync(new URL("conversations.json", folder), "utf8"));

function render(template, turns, addGenerationPrompt) {
  try {
    return template.render({
      messages: turns.map(([role, content]) => ({ role, content })),
      add_generation_prompt: addGenerationPrompt,
      tools: null,
      documents: null,
      bos_token: "<s>",
      eos_token: "</s>",
    });
  } catch {
    return null; // the template refuses the dialogue
  }
}

const expected = {};
for (const file of readdirSync(new URL("Templates/", folder)).sort()) {
  const template = new Template(readFileSync(new URL(`Templates/${file}`, folder), "utf8"));
  expected[file] = conversations.map((turns) => [render(template, turns, false), render(template, turns, true)]);
}
writeFileSync(new URL("expected.json", folder), JSON.stringify(expected, null, 1) + "\n");
