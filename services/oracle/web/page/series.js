// Points and the estimate's line in typed arrays: no object for each, so the heap stays small.

export class Ring {
  // Rows of `width` numbers, of which the first is a time; the newest replace the oldest.
  constructor(capacity, width) {
    this.capacity = capacity;
    this.width = width;
    this.values = new Float64Array(capacity * width);
    this.clear();
  }

  clear() {
    this.next = 0;
    this.length = 0;
  }

  copy() {
    const made = new Ring(this.capacity, this.width);
    made.values.set(this.values);
    return Object.assign(made, { next: this.next, length: this.length });
  }

  push(...row) {
    this.values.set(row, this.next * this.width);
    this.next = (this.next + 1) % this.capacity;
    this.length = Math.min(this.length + 1, this.capacity);
  }

  // Offset in `values` of the n-th oldest row.
  at(n) {
    return ((this.next - this.length + n + this.capacity) % this.capacity) * this.width;
  }

  // All rows, oldest first.
  rows() {
    return Array.from({ length: this.length }, (_, n) => Array.from(this.values.subarray(this.at(n), this.at(n) + this.width)));
  }

  last() {
    return this.length ? this.at(this.length - 1) : -1;
  }
}
