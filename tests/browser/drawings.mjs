// Counts on which canvases a page draws, how often, and how often in vain: with the same strokes as last time.

/**
 * Counts from now on, in `window.drawings`: for each canvas by name, the drawings, and those that changed nothing.
 * A drawing is everything that one task, or one frame callback, does to a canvas.
 */
export const countDrawings = (page) =>
  page.evaluate(() => {
    window.drawings = {};
    /** The operations on a canvas in this drawing and in the last one, and on a path. */
    const [now, before, paths] = [new Map(), new WeakMap(), new WeakMap()];
    const draws = /^((fill|stroke)(Rect|Text)?|clearRect|drawImage|putImageData)$/;

    const names = new Map();
    const name = (canvas) => {
      if (!names.has(canvas)) names.set(canvas, `${canvas.closest(".chart, .column, .panel, .lab")?.getAttribute("class")} ${names.size}`);
      return names.get(canvas);
    };
    const end = () => {
      for (const [canvas, { strokes, drawn }] of now) {
        if (!drawn) continue;
        const picture = `${canvas.width} ${canvas.height} ${strokes}`;
        const vain = before.get(canvas) === picture;
        before.set(canvas, picture);
        if (!canvas.isConnected) continue; // an off-screen canvas, source of other drawings
        const count = (window.drawings[name(canvas)] ??= { drawn: 0, vain: 0 });
        count.drawn += 1;
        if (vain) count.vain += 1;
      }
      now.clear();
    };
    const text = (value) => {
      if (value instanceof Path2D) return paths.get(value);
      if (value instanceof ImageData) return value.data.join();
      return value instanceof HTMLCanvasElement ? before.get(value) : String(value);
    };
    const note = (canvas, what, values) => {
      if (now.size === 0) queueMicrotask(end);
      if (!now.has(canvas)) now.set(canvas, { strokes: "", drawn: false });
      const drawing = now.get(canvas);
      drawing.strokes += `${what} ${[...values].map(text)}\n`;
      drawing.drawn ||= draws.test(what);
    };

    const wrap = (prototype, heard) => {
      for (const [key, { value, set }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        const hear = (original) =>
          function (...values) {
            heard(this, key, values);
            return original.apply(this, values);
          };
        if (set) Object.defineProperty(prototype, key, { set: hear(set) });
        else if (typeof value === "function" && key !== "constructor") prototype[key] = hear(value);
      }
    };
    wrap(CanvasRenderingContext2D.prototype, (context, key, values) => note(context.canvas, key, values));
    wrap(Path2D.prototype, (path, key, values) => paths.set(path, `${paths.get(path) ?? ""}${key} ${values.map(text)};`));
    // Another size empties a canvas.
    wrap(HTMLCanvasElement.prototype, (canvas, key) => /^(width|height)$/.test(key) && before.delete(canvas));
  });
