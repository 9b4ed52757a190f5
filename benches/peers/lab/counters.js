/** Counts a peer's calls to WebGPU, by wrapping the calls in this worker or process. Load it before any peer. */

const counts = { dispatches: 0, submits: 0, bindGroups: 0, readbacks: 0, awaited: 0 };
/** Readbacks requested that have not arrived. */
let pending = 0;
/** Whether a readback was requested since the last submit. */
let requested = false;

/** Replaces a method by one that calls `before` first. */
function wrap(type, method, before) {
  const original = globalThis[type]?.prototype?.[method];
  if (!original) return;
  globalThis[type].prototype[method] = function (...args) {
    before();
    return original.apply(this, args);
  };
}

export function install() {
  for (const method of ["dispatchWorkgroups", "dispatchWorkgroupsIndirect"]) {
    wrap("GPUComputePassEncoder", method, () => (counts.dispatches += 1));
  }
  wrap("GPUDevice", "createBindGroup", () => (counts.bindGroups += 1));
  wrap("GPUQueue", "submit", () => {
    counts.submits += 1;
    // Work after a readback has arrived: somebody waited for it, and the adapter was idle meanwhile.
    if (requested && pending === 0) counts.awaited += 1;
    requested = false;
  });
  const map = globalThis.GPUBuffer?.prototype?.mapAsync;
  if (!map) return;
  GPUBuffer.prototype.mapAsync = function (...args) {
    counts.readbacks += 1;
    pending += 1;
    requested = true;
    const mapped = map.apply(this, args);
    const done = () => (pending -= 1);
    mapped.then(done, done);
    return mapped;
  };
}

/** The counts since the last call; a readback before it is forgotten. */
export function take() {
  requested = false;
  const taken = { ...counts };
  for (const key of Object.keys(counts)) counts[key] = 0;
  return taken;
}
