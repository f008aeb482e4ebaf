// Writes the safetensors format: eight bytes with the header's length, a JSON header, the tensors' bytes.
import { toBFloat16, toFloat16 } from "./numbers.mjs";

const encodings = {
  F32: values => new Uint8Array(Float32Array.from(values).buffer),
  F16: values => new Uint8Array(Uint16Array.from(values, toFloat16).buffer),
  BF16: values => new Uint8Array(Uint16Array.from(values, toBFloat16).buffer),
};

/** The file's bytes for tensors given as a Map from name to {shape, data}, in the names' order. */
export function encodeSafetensors(tensors, type = "F32") {
  const header = { __metadata__: { format: "pt" } };
  const parts = [];
  let offset = 0;
  for (const [name, { shape, data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bytes = encodings[type](data);
    header[name] = { dtype: type, shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  let json = JSON.stringify(header);
  json = json.padEnd(Math.ceil(json.length / 8) * 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, Buffer.from(json), ...parts]);
}
