// Prints what GitHub's own language service says about actions and workflows, one fault a line.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { validate } from "@actions/languageservice";
import { TextDocument } from "vscode-languageserver-textdocument";

for (const name of process.argv.slice(2)) {
  const document = TextDocument.create(
    `file://${resolve(name)}`, "yaml", 0, readFileSync(name, "utf8"),
  );
  for (const fault of await validate(document)) {
    console.log(`${name}:${fault.range.start.line + 1}: ${fault.message}`);
  }
}
