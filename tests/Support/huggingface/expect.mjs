// Writes expected.json: what Hugging Face's tokenizers (Rust) give for the families' tokenizers and the texts, as hashes of blocks with
// a few in full; and says how often their JavaScript twin disagrees. Usage: npm ci && node expect.mjs [folder for all rows in full]
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Tokenizer as Second } from '@huggingface/tokenizers';
import referee from 'tokenizers';
import { families, idLists, points, realTexts, texts, tokenizer, vocabularies } from './inputs.mjs';

const block = 200;
const plainOptions = { addSpecialTokens: false };
const hash = rows => createHash('sha256').update(rows.map(row => row + '\0').join('')).digest('hex').slice(0, 12);
const blocks = rows => Array.from({ length: rows.length / block }, (_, i) => hash(rows.slice(i * block, (i + 1) * block)));
const ids = async (tool, text, options) => [...(await tool.encode(text, null, options)).getIds()];

const strings = texts();
const composed = [...points()].flatMap(c => [c, `${c}\u0301\u0323`, `e${c}`]).map(text => text.normalize('NFC'));
const expected = { strings: blocks(strings), composed: hash(composed), cases: {} };
for (const [name, family] of Object.entries(families))
  for (const [source, read] of Object.entries(vocabularies[family.kind])) {
    const vocabulary = read();
    if (vocabulary === null) throw new Error(`The vocabulary ${source} is absent: see README.md.`);
    const file = tokenizer(family, vocabulary);
    const whole = referee.Tokenizer.fromString(JSON.stringify(file));
    // No text spells an added token when each is called what no text says; runs of white space stay, as ours recognizes them.
    const added = file.added_tokens.filter(token => !(token.content in file.model.vocab)).map((token, i) => !token.special && token.content.trim() === '' ? token : { ...token, content: `never said ${i}` });
    const plain = referee.Tokenizer.fromString(JSON.stringify({ ...file, added_tokens: added, post_processor: null }));
    const begin = file.post_processor === null ? [] : await ids(whole, '', {});
    const rows = { encode: [], encodeWithSpecial: [], decode: [] };
    for (const text of strings) {
      const own = await ids(plain, text, plainOptions);
      rows.encode.push(own.join(' '));
      rows.encodeWithSpecial.push((await ids(whole, text, plainOptions)).join(' '));
      rows.decode.push(await whole.decode([...begin, ...own], true));
    }
    if (source !== 'small') rows.real = await Promise.all(realTexts().map(async text => (await ids(plain, text, plainOptions)).join(' ')));
    rows.decodeAny = await Promise.all(idLists(whole.getVocabSize(true), begin).map(list => whole.decode([...begin, ...list], true)));
    expected.cases[`${name}/${source}`] = {
      size: whole.getVocabSize(true), begin,
      ...Object.fromEntries(Object.entries(rows).map(([key, values]) => [key, blocks(values)])),
      first: rows.encodeWithSpecial.slice(1, 6),
    };
    if (process.argv[2]) writeFileSync(`${process.argv[2]}/${name}-${source}.json`, JSON.stringify(rows, null, 0));

    let disagreements = '';
    try {
      const second = new Second(file, family.config);
      let [encoded, decoded] = [0, 0];
      for (const [i, text] of strings.entries()) {
        const own = second.encode(text, { add_special_tokens: false }).ids;
        if (own.join(' ') !== rows.encodeWithSpecial[i]) encoded++;
        if (second.decode([...begin, ...rows.encode[i].split(' ').filter(n => n).map(Number)], { skip_special_tokens: true }) !== rows.decode[i]) decoded++;
      }
      disagreements = `the JavaScript twin differs in ${encoded} encodings and ${decoded} decodings of ${strings.length}`;
    } catch (error) {
      disagreements = `the JavaScript twin fails: ${error.message}`;
    }
    console.log(`${name}/${source}: ${disagreements}`);
  }
writeFileSync(new URL('expected.json', import.meta.url), JSON.stringify(expected).replaceAll('],"', '],\n"') + '\n');
