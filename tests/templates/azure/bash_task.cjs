// A stand-in for the task Bash@3, on Microsoft's own azure-pipelines-task-lib: the script becomes a
// file, bash runs it, and a SIGINT for the task becomes the library's signal to bash.
// node bash_task.cjs <task-lib folder> <script file> <working folder>
const tl = require(`${process.argv[2]}/task`);

const bash = tl.tool(tl.which("bash", true));
bash.arg(["--noprofile", "--norc", process.argv[3]]);
process.on("SIGINT", () => bash.killChildProcess());
bash
  .execAsync({ cwd: process.argv[4], failOnStdErr: false, ignoreReturnCode: true })
  .then((code) => {
    process.exitCode = code;
  });
