// Writes the table behind src/Rlhf.Learning/Tokenizers/CanonicalTable.cs: .NET normalizes nothing where globalization is invariant.
// Usage: node canonical.mjs > ../../../src/Rlhf.Learning/Tokenizers/CanonicalTable.cs
import { deflateRawSync } from 'node:zlib';

const points = text => [...text].map(c => c.codePointAt(0));
const all = function* () {
  for (let point = 0; point < 0x110000; point++)
    if ((point < 0xd800 || point > 0xdfff) && (point < 0xac00 || point > 0xd7a3)) yield point;
};

const out = [];
const number = n => {
  for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) | 128);
  out.push(n);
};

// Decompositions: distance from the code point before, length * 2 + (may be composed again), code points.
const decomposed = [...all()].map(p => [p, String.fromCodePoint(p)]).filter(([, c]) => c.normalize('NFD') !== c);
number(decomposed.length);
let last = 0;
for (const [point, character] of decomposed) {
  const parts = points(character.normalize('NFD'));
  number(point - last);
  number(parts.length * 2 + (character.normalize('NFC') === character ? 1 : 0));
  parts.forEach(number);
  last = point;
}

// Combining classes, of which only the order matters: two marks change places when the first one's class is the greater.
const first = '\u0334'; // the least class of all
const greatest = '\u0345';
const swaps = (a, b) => (a + b).normalize('NFD') !== a + b;
const marks = [...all()].map(p => String.fromCodePoint(p))
  .filter(c => c.normalize('NFD') === c && (c === first || swaps(c, first) || swaps(greatest, c) || c === greatest));
const representatives = [];
for (const mark of marks)
  if (!representatives.some(r => !swaps(r, mark) && !swaps(mark, r))) representatives.push(mark);
representatives.sort((a, b) => swaps(a, b) ? 1 : -1);
number(marks.length);
last = 0;
for (const mark of marks) {
  number(mark.codePointAt(0) - last);
  number(1 + representatives.findIndex(r => !swaps(r, mark) && !swaps(mark, r)));
  last = mark.codePointAt(0);
}

const text = deflateRawSync(Buffer.from(out), { level: 9 }).toString('base64').match(/.{1,120}/g);
console.log(`namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// Unicode ${process.versions.unicode}'s canonical decompositions and combining classes, deflated; written by <c>tests/Support/huggingface/canonical.mjs</c>.
/// </summary>
static class CanonicalTable
{
    internal const string Deflated =
${text.map(t => `        "${t}"`).join(' +\n')};
}`);
