import { defineConfig, type Plugin } from "vite";
import { groundFiles } from "./ground/make.mjs";

/* The ground of the map (ground/make.mjs) as files beside the page, and which there are. */
function ground(): Plugin {
  const files = groundFiles();
  return {
    name: "ground",
    config: () => ({ define: { GROUND_CELLS: JSON.stringify([...files.keys()].filter((name) => name.length === 2).join("")) } }),
    generateBundle() {
      files.forEach((source, name) => this.emitFile({ type: "asset", fileName: `ground/${name}.json`, source }));
    },
    configureServer(server) {
      server.middlewares.use("/ground/", (request, response, next) => {
        const file = files.get(/^\/(\w+)\.json/.exec(request.url ?? "")?.[1] ?? "");
        return file ? response.setHeader("content-type", "application/json").end(file) : next();
      });
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [ground()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    outDir: "../build/portal",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // nothing inline: the content security policy allows files of our own alone
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", sw: "src/sw/sw.ts" },
      // The service worker is at the root, so that all of the portal is its own, and under a name that stays.
      output: { entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
    reportCompressedSize: false,
  },
});
