// Writes and reads the safetensors format: eight bytes with the header's length, a JSON header, the tensors' bytes.
import { fromBFloat16, fromFloat16, toBFloat16, toFloat16 } from "./numbers.mjs";

const encodings = {
    F32: values => new Uint8Array(Float32Array.from(values).buffer),
    F16: values => new Uint8Array(Uint16Array.from(values, toFloat16).buffer),
    BF16: values => new Uint8Array(Uint16Array.from(values, toBFloat16).buffer),
};

const decodings = {
    F32: bytes => new Float32Array(bytes),
    F16: bytes => Float32Array.from(new Uint16Array(bytes), fromFloat16),
    BF16: bytes => Float32Array.from(new Uint16Array(bytes), fromBFloat16),
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

/** The tensors in a file's bytes, as a Map from name to {shape, data}. */
export function decodeSafetensors(file) {
    const start = 8 + Number(file.readBigUInt64LE());
    const { __metadata__, ...header } = JSON.parse(file.toString("utf8", 8, start));
    return new Map(Object.entries(header).map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
        const bytes = Uint8Array.from(file.subarray(start + from, start + to)).buffer;
        return [name, { shape, data: decodings[dtype](bytes) }];
    }));
}
