// @ts-check
/**
 * Whether the browser draws this page. A host can hide a frame in ways that no observer tells another origin, such as `content-visibility` in Firefox.
 * The browser then holds the frame's animation frames back, to one in a second or to none.
 */

/** A drawn page gets so many animation frames between so many calls, 500 ms apart. Calls are counted, not time: a busy page is late with both. */
const [FRAMES, CALLS] = [3, 3];

/** @param {(drawn: boolean) => void} tell called after a change; at first it is not @returns {() => void} to be called at once and every 500 ms */
export function watchDrawing(tell) {
  let [drawn, frames, calls] = [false, FRAMES, 0];
  const change = (/** @type {boolean} */ now) => drawn !== now && tell((drawn = now));
  const draw = () => {
    frames += 1;
    if (frames < FRAMES) requestAnimationFrame(draw);
    else if (calls < CALLS) change(true);
  };
  return () => {
    calls += 1;
    if (frames < FRAMES) return void (calls >= CALLS && change(false));
    frames = calls = 0;
    requestAnimationFrame(draw);
  };
}
