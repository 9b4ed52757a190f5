// What an experiment's numbers say.

const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

/**
 * For each network, the rate that was the fastest with the first seed, and the epochs that each seed took with it, on average.
 * @param {{results: {name: string, rate: number | null, seed: number, reached?: number | null}[]}} report
 * @returns {Record<string, {rate: number | null, epochs: number[], mean: number}>}
 */
export function fastest({ results }) {
  const names = [...new Set(results.map(({ name }) => name))];
  return Object.fromEntries(
    names.map((name) => {
      const own = results.filter((result) => result.name === name);
      const first = own.filter(({ seed, reached }) => seed === own[0].seed && reached);
      const { rate } = first.toSorted((a, b) => a.reached - b.reached)[0];
      const epochs = own.filter((result) => result.rate === rate).map(({ reached }) => reached);
      return [name, { rate, epochs, mean: mean(epochs) }];
    }),
  );
}
