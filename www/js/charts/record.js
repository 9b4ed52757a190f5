// A run in bounded memory: every step, for export, and the measurements on the way.

/** Rows of numbers in the order of arrival. When full, every second row is dropped; later rows are taken at the same, wider stride. */
export class Record {
  /**
   * @param {number} width numbers per row
   * @param {number} capacity rows, a power of two
   * @param {number} [start] rows to allocate at first, a power of two
   */
  constructor(width, capacity, start = 256) {
    this.width = width;
    this.capacity = capacity;
    this.start = start;
    this.values = new Float32Array(width * Math.min(start, capacity)); // (rows, width), grown by doubling
    this.count = 0;
    /** One row in this many is taken. */
    this.stride = 1;
    this.seen = 0;
  }

  clear() {
    Object.assign(this, new Record(this.width, this.capacity, this.start));
  }

  /** @param {Float32Array} rows (n, width) */
  push(rows) {
    for (let at = 0; at + this.width <= rows.length; at += this.width) {
      if (this.seen++ % this.stride === 0) this.take(rows.subarray(at, at + this.width));
    }
  }

  /** @param {Float32Array} row */
  take(row) {
    if (this.count === this.capacity) {
      this.halve();
      if ((this.seen - 1) % this.stride !== 0) return;
    }
    if ((this.count + 1) * this.width > this.values.length) {
      const larger = new Float32Array(2 * this.values.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values.set(row, this.count++ * this.width);
  }

  /** Forgets the rows whose first number, which is ascending, is above this one. @param {number} last */
  cut(last) {
    const { count } = this;
    while (this.count > 0 && this.values[(this.count - 1) * this.width] > last) this.count -= 1;
    if (this.count < count) this.seen = this.count * this.stride;
  }

  halve() {
    for (let kept = 1; 2 * kept < this.count; kept++) {
      this.values.copyWithin(kept * this.width, 2 * kept * this.width, (2 * kept + 1) * this.width);
    }
    this.count = Math.ceil(this.count / 2);
    this.stride *= 2;
  }

  /** A copy of its rows, and of how they were thinned. */
  copy() {
    return { rows: this.rows.slice(), stride: this.stride, seen: this.seen };
  }

  /** Goes on from a copy. @param {ReturnType<Record["copy"]>} copy */
  adopt({ rows, stride, seen }) {
    this.clear();
    this.push(rows);
    Object.assign(this, { stride, seen });
  }

  /** The kept rows: (count, width). */
  get rows() {
    return this.values.subarray(0, this.count * this.width);
  }
}
