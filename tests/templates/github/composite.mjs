// Runs a composite action's steps with GitHub's own parser and evaluator.
// composite.mjs ACTION_FOLDER REQUEST_FILE; the request holds `inputs`, `github` and `env`, and
// `folder` for the steps' files. Prints {outputs, code, log} as JSON. Unlike act, it evaluates
// every expression once and gives steps no INPUT_ variables, as GitHub's runner does.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Evaluator, Lexer, Parser, data } from "@actions/expressions";
import { NoOperationTraceWriter } from "@actions/workflow-parser";
import { parseAction } from "@actions/workflow-parser/actions/action-parser";
import { convertActionTemplate } from "@actions/workflow-parser/actions/action-template";

const [actionFolder, requestFile] = process.argv.slice(2);
const request = JSON.parse(readFileSync(requestFile, "utf8"));
const content = readFileSync(join(actionFolder, "action.yml"), "utf8");
const parsed = parseAction({ name: "action.yml", content }, new NoOperationTraceWriter());
const faults = parsed.context.errors.getErrors();
if (faults.length) throw new Error(faults.map(String).join("\n"));
const action = convertActionTemplate(parsed.context, parsed.value);

function toData(value) {
  if (value === null || value === undefined) return new data.Null();
  if (typeof value !== "object") return new data.StringData(String(value));
  const entries = Object.entries(value).map(([key, each]) => ({ key, value: toData(each) }));
  return new data.Dictionary(...entries);
}

function evaluate(token, contexts) {
  if (token === undefined) return "";
  if (!token.expression) return token.toString();
  const names = Object.keys(contexts);
  const expression = new Parser(new Lexer(token.expression).lex().tokens, names, []).parse();
  return new Evaluator(expression, toData(contexts)).evaluate().coerceString();
}

function variables(token, contexts) {
  const found = {};
  for (let i = 0; token && i < token.count; i++) {
    const { key, value } = token.get(i);
    found[key.toString()] = evaluate(value, contexts);
  }
  return found;
}

function readOutputs(text) {
  const lines = text.split("\n");
  const found = {};
  for (let i = 0; i < lines.length; i++) {
    const heredoc = /^([^=]+?)<<(.+)$/.exec(lines[i]);
    if (heredoc) {
      const end = lines.indexOf(heredoc[2], i + 1);
      found[heredoc[1]] = lines.slice(i + 1, end).join("\n");
      i = end;
    } else if (lines[i].includes("=")) {
      const at = lines[i].indexOf("=");
      found[lines[i].slice(0, at)] = lines[i].slice(at + 1);
    }
  }
  return found;
}

const inputs = {};
for (const input of action.inputs ?? []) {
  inputs[input.id] = request.inputs[input.id] ?? evaluate(input.default, {});
}
const contexts = { inputs, github: request.github, env: request.env, steps: {} };
let log = "";
let code = 0;
for (const [index, step] of action.runs.steps.entries()) {
  const outputs = join(request.folder, `outputs-${index}`);
  const script = join(request.folder, `script-${index}.sh`);
  writeFileSync(outputs, "");
  contexts.job = { status: code ? "failure" : "success" };
  writeFileSync(script, evaluate(step.run, contexts));
  const ran = spawnSync("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", script], {
    cwd: request.workspace,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...request.env,
      ...variables(step.env, contexts),
      GITHUB_ACTIONS: "true",
      GITHUB_ACTION_PATH: actionFolder,
      GITHUB_EVENT_PATH: request.event,
      GITHUB_OUTPUT: outputs,
      GITHUB_STEP_SUMMARY: join(request.folder, "summary.md"),
      RUNNER_TEMP: request.folder,
    },
  });
  log += ran.error ? String(ran.error) : `${ran.stdout}${ran.stderr}`;
  code = code || (ran.error ? 126 : (ran.status ?? 1));
  contexts.steps[step.id || `step-${index}`] = { outputs: readOutputs(readFileSync(outputs, "utf8")) };
}
const outputs = {};
for (const output of action.outputs ?? []) outputs[output.id] = evaluate(output.value, contexts);
process.stdout.write(JSON.stringify({ outputs, code, log }));
