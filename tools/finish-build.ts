// The end of `npm run build`: what the TypeScript compiler does not do. Makes the command executable and removes outputs
// whose source is gone, so that no deleted test or module lives on in dist/.
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.js";
import { root } from "./project.js";

const outputs = [".d.ts.map", ".d.ts", ".js.map", ".js"];

function removeOrphans(folder: string): void {
  for (const entry of readdirSync(join(root, "dist", folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) removeOrphans(path);
    const ending = outputs.find(ending => entry.name.endsWith(ending));
    if (!entry.isFile() || ending === undefined) continue;
    if (!existsSync(join(root, `${path.slice(0, -ending.length)}.ts`))) rmSync(join(root, "dist", path));
  }
}

for (const folder of ["src", "test", "tools", "bench", "examples"]) {
  if (existsSync(join(root, "dist", folder))) removeOrphans(folder);
}
await bundle();
chmodSync(join(root, "dist/lib/cli.js"), 0o755);
