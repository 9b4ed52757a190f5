// What an experiment's numbers say.

const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

/**
 * For each network, the rate that was the fastest with the first seed, and the epochs that each seed took with it, on average; without a rate
 * that reached the mark, the rate that came closest, and no epochs.
 * @param {{results: {name: string, rate: number | null, seed: number, reached?: number | null, training_error: number[]}[]}} report
 * @returns {Record<string, {rate: number | null, epochs: number[], mean: number, lowest: number}>}
 */
export function fastest({ results }) {
  const names = [...new Set(results.map(({ name }) => name))];
  return Object.fromEntries(
    names.map((name) => {
      const own = results.filter((result) => result.name === name);
      const first = own.filter(({ seed, reached }) => seed === own[0].seed && reached);
      const lowest = (/** @type {{training_error: number[]}} */ { training_error }) => Math.min(...training_error);
      const closest = own.toSorted((a, b) => lowest(a) - lowest(b))[0];
      const { rate } = first.toSorted((a, b) => a.reached - b.reached)[0] ?? closest;
      const epochs = first.length > 0 ? own.filter((result) => result.rate === rate).map(({ reached }) => reached) : [];
      return [name, { rate, epochs, mean: mean(epochs), lowest: lowest(closest) }];
    }),
  );
}

/** Student's t for a two-sided interval of 95 %, by degrees of freedom. @type {Record<number, number>} */
const T95 = { 4: 2.776 };

/** The mean of independent numbers, and half of its interval of 95 %. @param {number[]} numbers */
export function interval(numbers) {
  const middle = mean(numbers);
  const variance = numbers.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (numbers.length - 1);
  return { mean: middle, half: T95[numbers.length - 1] * Math.sqrt(variance / numbers.length) };
}

/**
 * One network beside another, seed by seed.
 * @template {{name: string, seed: number}} R
 * @param {{results: R[]}} report @param {string} a @param {string} b @param {(a: R, b: R) => number} how
 */
export function paired({ results }, a, b, how) {
  const of = (/** @type {string} */ name, /** @type {number} */ seed) => /** @type {R} */ (results.find((each) => each.name === name && each.seed === seed));
  return results.filter(({ name }) => name === a).map(({ seed }) => how(of(a, seed), of(b, seed)));
}
