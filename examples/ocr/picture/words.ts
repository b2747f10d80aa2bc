// What is written in the picture. The drawing and the ground truth are both made from this, so they cannot disagree.

export interface MenuItem {
  readonly chinese: string;
  readonly english: string;
  readonly price: string;
}

export const words = {
  spine: "THE CLASSIC OF TEA",
  title: "山风茶馆",
  subtitle: "MOUNTAIN WIND TEA HOUSE",
  sections: [
    {
      heading: "热茶 Hot tea",
      items: [
        { chinese: "龙井绿茶", english: "Dragon Well green tea", price: "38" },
        { chinese: "云南普洱", english: "Aged Yunnan Pu-erh", price: "46" },
        { chinese: "茉莉花茶", english: "Jasmine pearls", price: "32" },
      ],
    },
    {
      heading: "点心 Sweets",
      items: [
        { chinese: "绿豆糕", english: "Mung bean cake", price: "18" },
        { chinese: "芝麻汤圆", english: "Sesame dumplings in syrup", price: "24" },
      ],
    },
  ],
  notes: ["营业时间：每天上午九点至晚上十点", "Free refills of hot water. Please order at the counter."],
  ticket: ["Table 27", "请稍候，马上就来"],
} as const;

/** The texts in reading order: a line of the file for a line of writing, pieces that lie apart separated by a tab. */
export function groundTruth(): string {
  const rows: string[][] = [[words.title], [words.subtitle]];
  for (const { heading, items } of words.sections) {
    rows.push([heading]);
    for (const { chinese, english, price } of items) rows.push([chinese, english, price]);
  }
  // the book lies beside the menu, its middle below the last tea
  rows.splice(6, 0, [words.spine]);
  const upsideDown = [...words.ticket].reverse();
  rows.push(...[...words.notes, ...upsideDown].map(line => [line]));
  return `${rows.map(row => row.join("\t")).join("\n")}\n`;
}
