/* Pages of tests/pages, built as the portal is and served on loopback: for what is tested or measured by itself. */
import { createServer } from "node:http";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".png": "image/png", ".json": "application/json" };

/** Builds the page and serves it: { url, close() }. */
export async function servePage(name) {
  const root = fileURLToPath(new URL("./pages/", import.meta.url));
  const outDir = await mkdtemp(join(tmpdir(), "neighbors-page-"));
  await build({
    root, base: "./", logLevel: "warn", configFile: fileURLToPath(new URL("../vite.config.ts", import.meta.url)),
    build: { outDir, emptyOutDir: true, rollupOptions: { input: join(root, name) } },
  });
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://page");
    if (pathname === "/v1/portal") {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ name: "Page", look: null, tiles: null }));
      return;
    }
    try {
      const content = await readFile(join(outDir, normalize(pathname)));
      response.writeHead(200, { "content-type": types[extname(pathname)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/${name}`;
  return { url, close: async () => { server.close(); server.closeAllConnections(); await rm(outDir, { recursive: true }); } };
}
