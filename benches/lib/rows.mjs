// What a part of the bench gives: a row for each figure, with all its samples.

export class Rows {
  /** @type {{area: string, figure: string, size?: number, subject: string, unit: string, samples: number[]}[]} */
  all = [];

  constructor(area) {
    this.area = area;
  }

  /** One sample; `size` is a number of modules, where the figure depends on it. */
  add(figure, unit, sample, { size, subject = 'Stockroom' } = {}) {
    const row = this.all.find((row) => row.figure === figure && row.size === size && row.subject === subject);
    if (row) row.samples.push(sample);
    else this.all.push({ area: this.area, figure, size, subject, unit, samples: [sample] });
  }
}
