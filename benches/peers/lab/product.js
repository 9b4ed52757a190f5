/** A pure product of two 512x512 matrices of f32: the best rate of the adapter, and of our engine's CPU kernel. */

const SIDE = 512;
/** Rows and vec4 columns of outputs per thread, and the workgroup; every kernel keeps its sums in registers. */
const TILES = [[4, 1], [8, 1], [16, 1], [4, 2], [8, 2], [16, 2], [4, 4], [8, 4], [16, 4]];
const WORKGROUPS = [[8, 8], [16, 4], [4, 4]];
const FORMS = ["vec4", "mat4"];
/** How many of the fastest kernels of one measurement are measured again. */
const FINALISTS = 5;
/** Time for which products are measured together: Firefox looks for finished work only every 100 ms. */
const TOGETHER_MS = 400;

const range = (count) => [...Array(count).keys()];

/** WGSL of c = a b, all row by row as vec4, 512 a multiple of every tile. */
function source({ form, rows, columns, workgroup }) {
  const lines = [];
  for (const r of range(rows)) lines.push(`let a${r} = a[(row + ${r}u) * ${SIDE / 4}u + k];`);
  for (const kk of range(4)) for (const c of range(columns)) lines.push(`let b${kk}_${c} = b[(4u * k + ${kk}u) * ${SIDE / 4}u + column + ${c}u];`);
  for (const r of range(rows))
    for (const c of range(columns)) {
      const sum = `c${r}_${c}`;
      if (form === "mat4") lines.push(`${sum} += mat4x4f(${range(4).map((kk) => `b${kk}_${c}`).join(", ")}) * a${r};`);
      else for (const kk of range(4)) lines.push(`${sum} = fma(vec4f(a${r}[${kk}]), b${kk}_${c}, ${sum});`);
    }
  const each = (text) => range(rows).flatMap((r) => range(columns).map((c) => text(r, c))).join("\n  ");
  return `
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
@compute @workgroup_size(${workgroup[0]}, ${workgroup[1]})
fn product(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * ${rows}u;
  let column = id.x * ${columns}u;
  if (row >= ${SIDE}u || column >= ${SIDE / 4}u) { return; }
  ${each((r, c) => `var c${r}_${c} = vec4f();`)}
  for (var k = 0u; k < ${SIDE / 4}u; k++) {
    ${lines.join("\n    ")}
  }
  ${each((r, c) => `c[(row + ${r}u) * ${SIDE / 4}u + column + ${c}u] = c${r}_${c};`)}
}`;
}

/** The best register kernel of this adapter as a peer whose step is one product. */
export class GpuProduct {
  async open() {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) throw new Error("there is no adapter");
    this.device = await adapter.requestDevice();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.buffers = range(3).map(() => this.device.createBuffer({ size: 4 * SIDE * SIDE, usage }));
    this.buffers.slice(0, 2).forEach((buffer, i) => this.device.queue.writeBuffer(buffer, 0, matrix(3 + 2 * i)));
    const kernels = FORMS.flatMap((form) =>
      TILES.flatMap(([rows, columns]) => WORKGROUPS.map((workgroup) => ({ form, rows, columns, workgroup }))),
    );
    for (const kernel of kernels) {
      kernel.product = this.prepare(kernel);
      await this.milliseconds(kernel.product, 1); // compiles it
      kernel.ms = await this.milliseconds(kernel.product, 1);
    }
    const finalists = kernels.toSorted(fastest).slice(0, FINALISTS);
    for (const kernel of finalists) {
      const times = Math.max(1, Math.ceil(TOGETHER_MS / 2 / kernel.ms));
      kernel.ms = (await this.milliseconds(kernel.product, times)) / times;
    }
    const best = finalists.toSorted(fastest)[0];
    this.product = best.product;
    this.times = Math.max(1, Math.ceil(TOGETHER_MS / best.ms));
    await this.check();
    const { form, rows, columns, workgroup } = best;
    return { adapter: adapter.info?.description ?? "", kernel: `${rows}x${4 * columns} ${form}, workgroup ${workgroup.join("x")}` };
  }

  async step() {
    this.ms = (await this.milliseconds(this.product, this.times)) / this.times;
    return NaN;
  }

  close() {
    this.device?.destroy();
  }

  prepare(kernel) {
    const { device } = this;
    const module = device.createShaderModule({ code: source(kernel) });
    const pipeline = device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "product" } });
    const entries = this.buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    const { rows, columns, workgroup } = kernel;
    return { pipeline, group, groups: [Math.ceil(SIDE / 4 / columns / workgroup[0]), Math.ceil(SIDE / rows / workgroup[1])] };
  }

  async milliseconds({ pipeline, group, groups }, times) {
    const start = performance.now();
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(...groups);
    pass.end();
    this.device.queue.submit([encoder.finish()]);
    await this.device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  }

  /** Small whole numbers, so that the sums are exact. */
  async check() {
    const { device } = this;
    await this.milliseconds(this.product, 1);
    const size = 4 * SIDE * SIDE;
    const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.buffers[2], 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const c = new Float32Array(staging.getMappedRange());
    const [a, b] = [matrix(3), matrix(5)];
    for (let at = 0; at < c.length; at += 997) {
      const [row, column] = [Math.floor(at / SIDE), at % SIDE];
      let sum = 0;
      for (let k = 0; k < SIDE; k++) sum += a[row * SIDE + k] * b[k * SIDE + column];
      if (c[at] !== sum) throw new Error(`the product is wrong at ${row}, ${column}: ${c[at]} for ${sum}`);
    }
    staging.destroy();
  }
}

const fastest = (one, other) => one.ms - other.ms;

const matrix = (step) => Float32Array.from({ length: SIDE * SIDE }, (_, i) => ((i * step) % 7) - 3);

/** Our engine's own CPU kernel. */
export class CpuProduct {
  /** @param {"simd128" | "relaxed"} build */
  constructor(build, assets) {
    this.build = build;
    this.assets = assets;
  }

  async open() {
    this.glue = (await this.assets.module(this.build)).glue;
    return { adapter: "" };
  }

  async step() {
    this.ms = this.glue.matrix_product(SIDE);
    return NaN;
  }

  close() {}
}
