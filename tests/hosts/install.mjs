// Installs the hosts that the tests use, pinned by package-lock.json and requirements.txt, into target/hosts/. What is there and unchanged stays.
// usage: node tests/hosts/install.mjs
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "..", "..");
export const HOSTS = join(ROOT, "target", "hosts");
const [NPM, PYTHON] = ["npm", "python"].map((name) => join(HOSTS, name));
/** A program or a file of an npm package. @param {...string} path */
export const npm = (...path) => join(NPM, "node_modules", ...path);
/** A program of the Python environment. @param {string} name */
export const python = (name) => join(PYTHON, "bin", name);

const run = promisify(execFile);
const MOST = { maxBuffer: 2 ** 26 };

/** Runs `work` in an empty folder, unless it has succeeded there with the same files. @param {string} folder @param {string[]} files @param {() => Promise<unknown>} work */
async function once(folder, files, work) {
  const hash = files.reduce((hash, file) => hash.update(readFileSync(file)), createHash("sha256")).digest("hex");
  const [seal, start] = [join(folder, "installed"), performance.now()];
  if (existsSync(seal) && readFileSync(seal, "utf8") === hash) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await work();
  writeFileSync(seal, hash);
  console.log(`installed ${folder} in ${Math.round((performance.now() - start) / 1000)} s`);
}

/** No script of a package runs: some would bring a browser of their own. */
async function installNpm() {
  const files = [join(HERE, "package.json"), join(HERE, "package-lock.json"), join(ROOT, ".npmrc")];
  await once(NPM, files, async () => {
    for (const file of files) copyFileSync(file, join(NPM, file.split("/").at(-1)));
    await run("npm", ["ci", "--ignore-scripts", "--loglevel=error"], { cwd: NPM, ...MOST });
  });
}

async function installPython() {
  const list = join(HERE, "requirements.txt");
  await once(PYTHON, [list], async () => {
    await run("python3", ["-m", "venv", PYTHON]);
    await run(python("pip"), ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--requirement", list], MOST);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await Promise.all([installNpm(), installPython()]);
