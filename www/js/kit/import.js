// @ts-check
/**
 * A module of the page's own. One that failed is asked for by another address: browsers may remember the failure.
 * @param {URL} address
 * @returns {Promise<any>}
 */
export async function importModule(address) {
  try {
    return await import(address.href);
  } catch {
    return import(`${address.href}?again=${Date.now()}`);
  }
}
