// @ts-check
/** When a run stops automatically: small and without side effects, so that it can be tested alone. */

/**
 * @typedef {{step: number, seconds: number, loss?: number, accuracy?: number}} Place where a run stands; loss and accuracy are those
 *   of the test images, if they have just been evaluated
 */

/** By setting, whose value is the limit; `before` is the time of the previous check. @type {Record<string, (limit: number, place: Place, before: number) => boolean>} */
const CONDITIONS = {
  stop_steps: (limit, { step }) => step === limit,
  stop_seconds: (limit, { seconds }, before) => before < limit && seconds >= limit,
  stop_accuracy: (limit, { accuracy = -1 }) => accuracy >= limit / 100,
  stop_loss: (limit, { loss = Infinity }) => loss <= limit,
};

/**
 * Each condition stops a run once, so that Play can continue: until another limit is set, or the run restarts. Limits of steps and
 * seconds that have already passed stop nothing.
 */
export class Stop {
  constructor() {
    /** @type {Record<string, string>} the settings */
    this.config = {};
    /** @type {Record<string, string>} limits that have been met */
    this.met = {};
    this.seconds = 0;
  }

  /** A run begins. */
  begin() {
    this.met = {};
    this.seconds = 0;
  }

  /** @param {Place} place @returns {string | undefined} the setting that stops the run here */
  at(place) {
    const { config, met, seconds } = this;
    const keys = Object.keys(CONDITIONS).filter(
      (key) => Number(config[key]) > 0 && met[key] !== config[key] && CONDITIONS[key](Number(config[key]), place, seconds),
    );
    for (const key of keys) met[key] = config[key];
    this.seconds = place.seconds;
    return keys[0];
  }
}
