// build.mjs NODE_DIR OUT - index.html, style.css, src/ and uPlot -> one file without references.
// NODE_DIR holds node_modules. The policy in the page allows the bundled script and style by
// their hashes, and nothing else: no network, no script that a name in the data brings along.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [, , nodeDir, out] = process.argv;
const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(path.join(path.resolve(nodeDir), "package.json"));
const esbuild = require("esbuild");
const packages = path.join(path.resolve(nodeDir), "node_modules");
const common = { bundle: true, minify: true, write: false, nodePaths: [packages], logLevel: "warning",
  target: ["chrome111", "firefox113", "safari16.4"], legalComments: "none" };

// The licence of what is bundled asks for its notice in every copy.
const license = readFileSync(path.join(packages, "uplot/LICENSE"), "utf8").trim();
const bundle = async (entry, more) => {
  const result = await esbuild.build({ ...common, ...more, entryPoints: [path.join(here, entry)] });
  return result.outputFiles[0].text.trim().replaceAll("</", "<\\/");
};
const script = await bundle("src/main.js", { format: "iife" });
const style = await bundle("style.css", {});
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; ` +
  "img-src data:; base-uri 'none'; form-action 'none'";
const parts = { policy, style, script, license };
const template = readFileSync(path.join(here, "index.html"), "utf8");
const page = template.replaceAll(/@(policy|style|script|license)@/g, (_, name) => parts[name]);
if (page.split("@memwatch-data@").length !== 2 || page.includes("http://") && /src=|href=/.test(page))
  throw new Error("index.html: needs one mark for the data, and no references");
writeFileSync(out, page);
