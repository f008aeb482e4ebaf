// What both sides make alike: the vocabularies, the tokenizers of each family and the texts. The C# twin is RefereeInputs.cs.
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const here = name => new URL(name, import.meta.url);
const shared = name => new URL(`../../../../shared/data/${name}`, import.meta.url);
const json = url => JSON.parse(readFileSync(url, 'utf8'));
const lines = url => readFileSync(url, 'utf8').split('\n').filter(line => line && !line.startsWith('#version')).map(line => line.split(' '));

export const families = json(here('families.json'));
export const count = 10_000;

/** GPT-2's alphabet: each byte as a visible character. */
const alphabet = () => {
  let next = 256;
  return Array.from({ length: 256 }, (_, b) =>
    String.fromCodePoint((b > 32 && b < 127) || (b > 160 && b < 173) || b > 173 ? b : next++));
};

const numbered = pieces => Object.fromEntries([...new Set(pieces)].map((piece, id) => [piece, id]));
const bytePieces = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);

/** Vocabularies by kind and name; those of ../shared are null where it is absent. */
export const vocabularies = {
  bytes: {
    small: () => {
      const merges = lines(here('small-merges.txt'));
      return { vocab: numbered([...alphabet(), ...merges.map(m => m.join(''))]), merges };
    },
    gpt2: () => existsSync(shared('gpt2-tokenizer/vocab.json'))
      ? { vocab: json(shared('gpt2-tokenizer/vocab.json')), merges: lines(shared('gpt2-tokenizer/merges.txt')) } : null,
  },
  pieces: {
    // Merges of spaces go: SentencePiece's words begin with theirs, GPT-2's end with theirs.
    small: () => {
      const merges = lines(here('small-merges.txt')).map(m => m.map(side => side.replaceAll('Ġ', '▁'))).filter(m => /^[▁\n -~]+$/.test(m.join('')));
      const characters = ['▁', ...Array.from({ length: 94 }, (_, i) => String.fromCodePoint(33 + i)), 'é', 'ü', 'ß', 'я', '中', '😀'];
      return { vocab: numbered(['<unk>', '<s>', '</s>', ...bytePieces, ...characters, ...merges.map(m => m.join(''))]), merges };
    },
    stories260K: () => existsSync(shared('stories260K/tok512.bin')) ? stories(readFileSync(shared('stories260K/tok512.bin'))) : null,
  },
};

/** llama2.c's pieces as the Hub writes them: a merge for each way to make a piece of two, the best score first, then by ids. */
const stories = file => {
  const pieces = [];
  for (let at = 4; at < file.length;) {
    const length = file.readInt32LE(at + 4);
    pieces.push({ text: file.toString('utf8', at + 8, at + 8 + length).replaceAll(' ', '▁'), score: file.readFloatLE(at) });
    at += 8 + length;
  }
  const vocab = numbered(['<unk>', '<s>', '</s>', ...bytePieces, ...pieces.slice(259).map(p => p.text)]);
  const merges = pieces.slice(259).filter(p => [...p.text].length > 1).sort((a, b) => b.score - a.score).flatMap(({ text }) => {
    const points = [...text];
    return points.slice(1).map((_, i) => [points.slice(0, i + 1).join(''), points.slice(i + 1).join('')])
      .filter(sides => sides.every(side => vocab[side] >= 259)).sort((a, b) => vocab[a[0]] - vocab[b[0]] || vocab[a[1]] - vocab[b[1]]);
  });
  return { vocab, merges };
};

/** The family's tokenizer.json with a vocabulary. */
export const tokenizer = (family, { vocab, merges }) => {
  const file = structuredClone(family.tokenizer);
  let next = Object.keys(vocab).length;
  for (const token of file.added_tokens) token.id = vocab[token.content] ?? next++;
  for (const processor of file.post_processor?.processors ?? [file.post_processor])
    for (const name of Object.keys(processor?.special_tokens ?? {}))
      processor.special_tokens[name].ids = [file.added_tokens.find(token => token.content === name).id];
  file.model.vocab = vocab;
  file.model.merges = family.mergesAsArrays ? merges : merges.map(m => m.join(' '));
  return file;
};

/** Every character that there can be. */
export const points = function* () {
  for (let point = 0; point < 0x110000; point++)
    if (point < 0xd800 || point > 0xdfff) yield String.fromCodePoint(point);
};

/** A small generator that is the same in every language (Marsaglia's xorshift, 32 bits). */
export const generator = seed => n => {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % n;
};

/** Texts of fragments, random characters and long runs. */
export const texts = () => {
  const { fragments, ranges } = json(here('fragments.json'));
  const next = generator(20240607);
  const character = () => {
    const [first, last] = ranges[next(ranges.length)];
    const point = first + next(last - first + 1);
    return point >= 0xd800 && point < 0xe000 ? ' ' : String.fromCodePoint(point);
  };
  return Array.from({ length: count }, (_, i) => {
    let text = '';
    for (let left = 1 + next(i % 100 === 0 ? 60 : 10); left > 0; left--) {
      const fragment = fragments[next(fragments.length)];
      const kind = next(8);
      text += kind < 5 ? fragment : kind < 7 ? character() : [...fragment][0].repeat(1 + next(i % 50 === 0 ? 300 : 12));
    }
    return text;
  });
};

/** What people and models wrote, or nothing where it is absent. */
export const realTexts = () => existsSync(shared('hh-rlhf')) ? [
  ...json(shared('tinystories/tinystories_1000.json')),
  ...gunzipSync(readFileSync(shared('hh-rlhf/helpful-base.test.jsonl.gz'))).toString('utf8').split('\n').filter(line => line).slice(0, 1000),
] : [];

/** Ids that no text needs to give, without the one that begins a text: ours drops a space after each. */
export const idLists = (size, begin) => {
  const next = generator(41);
  return Array.from({ length: 1000 }, () => Array.from({ length: 1 + next(12) }, () => next(size)).filter(id => !begin.includes(id)));
};
