/** Our engine and its data, as this benchmark's server gives them to a page and its workers. */

/** @param {{wasm?: string}} what @param {number} [shards] how many sheets of images */
export async function engine(what, shards = 1) {
  const glue = await import(/* the page's own bindings */ new URL("/dist/pkg/alexnet_lab.js", location.href).href);
  await glue.default({ module_or_path: new URL(`/dist/pkg/${what.wasm ?? "alexnet_lab_bg.wasm"}`, location.href) });
  const folder = new URL("/dist/data/cifar10/", location.href);
  const index = await (await fetch(new URL("index.json", folder))).text();
  const files = JSON.parse(index).train.slice(0, shards);
  const load = async ({ file }) => ({ file, bytes: new Uint8Array(await (await fetch(new URL(file, folder))).arrayBuffer()) });
  return { glue, data: { index, shards: await Promise.all(files.map(load)) } };
}
