// @ts-check
/** Numbers as they are typed in any country: "0,02", "1.000,5", "60 000", "０．０２". */
import { h } from "./dom.js";

/**
 * @param {string} text
 * @param {boolean} whole
 * @returns {string} in the form of a setting
 * @throws {{code: string, value: string}} when it is not a number, or could be two
 */
export function typedNumber(text, whole) {
  const value = text.trim();
  const plain = value
    .normalize("NFKC")
    .replace(/[٠-٩۰-۹]/g, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(/[−–]/g, "-")
    .replace(/[、٫]/g, ",")
    .replace(/。/g, ".")
    .replace(/(?<=\d)[\s'’](?=\d{3})/g, "");
  const decimal = plain.replace(",", ".");
  const thousands = plain.replace(/[.,]/g, "");
  let number = decimal;
  if (/^[+-]?[1-9]\d{0,2}([.,])\d{3}(\1\d{3})+$/.test(plain)) number = thousands;
  else if (/^[+-]?\d{1,3}(,\d{3})+\.\d*$/.test(plain)) number = plain.replaceAll(",", "");
  else if (/^[+-]?\d{1,3}(\.\d{3})+,\d*$/.test(plain)) number = plain.replaceAll(".", "").replace(",", ".");
  else if (whole && /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/.test(plain)) number = thousands;
  else if (/^[+-]?[1-9]\d{0,2},\d{3}$/.test(plain)) throw { code: "two_numbers", value, thousands, decimal: String(Number(decimal)) };
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(number) || (whole && !Number.isInteger(Number(number)))) throw { code: "bad_value", value };
  return number;
}

/**
 * A field for a whole number; the arrow keys change it. The browser's own number field rejects numbers typed in other languages.
 * @param {number} min @param {(value: number) => void} choose
 */
export function numberField(min, choose) {
  let before = "";
  const take = (/** @type {number} */ value) => {
    const taken = Math.max(min, Math.min(value, Number(field.max || Infinity)));
    field.value = before = String(taken);
    choose(taken);
  };
  const field = h("input", {
    type: "text",
    inputMode: "numeric",
    class: "number",
    autocomplete: "off",
    onfocus: () => (before = field.value),
    onchange: () => {
      try {
        take(Number(typedNumber(field.value, true)));
      } catch {
        field.value = before;
      }
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      take((Number(field.value) || 0) + by);
    },
  });
  return field;
}
