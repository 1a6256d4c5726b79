// Prints what Microsoft's own language service has to say of Azure Pipelines files.
// node validate.cjs <language service folder> <schema> <file>...
const fs = require("fs");
const { getLanguageService, parse, TextDocument } = require(process.argv[2]);

console.log = () => {}; // the service tells its steps there
const text = fs.readFileSync(process.argv[3], "utf8");
const uri = "file:///azure-pipelines.json";
const service = getLanguageService(async () => JSON.parse(text), [], async () => uri, {
  resolveRelativePath: (path) => path,
});
service.configure({ validate: true });

async function judge(file) {
  const document = TextDocument.create(`file://${file}`, "yaml", 1, fs.readFileSync(file, "utf8"));
  const found = await service.doValidation(document, parse(document.getText()));
  return found.map((each) => `${file}:${each.range.start.line + 1}: ${each.message}`);
}

Promise.all(process.argv.slice(4).map(judge)).then((all) => {
  process.stdout.write(JSON.stringify(all.flat()));
});
