using System.Buffers.Binary;
using System.Text;

namespace Rlhf.Learning.Native;

/// <summary>Makes a library built with GCC 13 load with the libstdc++ of GCC 12, by making one unused requirement weak.</summary>
/// <remarks>
/// GCC 13's &lt;iostream&gt; references <c>_ZSt21ios_base_library_initv@GLIBCXX_3.4.32</c> only so that the loader insists on a libstdc++
/// that initializes the standard streams itself; nothing calls it, and an older libstdc++ initializes them from each object's own code.
/// So the version entry gets VER_FLG_WEAK and the symbol STB_WEAK. Layout: ELF-64, System V ABI and the Linux Standard Base on symbol
/// versions.
/// </remarks>
static class LibstdcxxPatch
{
    internal const string Version = "GLIBCXX_3.4.32";
    internal const string Symbol = "_ZSt21ios_base_library_initv";

    const int DynamicSymbols = 11; // SHT_DYNSYM
    const int VersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    const int SymbolVersions = 0x6fffffff; // SHT_GNU_versym
    const ushort WeakVersion = 2; // VER_FLG_WEAK
    const byte WeakBinding = 2; // STB_WEAK

    readonly record struct Section(int Type, int Offset, int Size, int Link, int Info);

    /// <summary>
    /// Patches in place and returns how many bytes changed: 0 where the library does not ask for the version, or asks weakly.
    /// </summary>
    /// <exception cref="DllNotFoundException">The library is no 64-bit little-endian ELF file, or needs another symbol of that
    /// version.</exception>
    internal static int Apply(Span<byte> elf, string name)
    {
        try
        {
            return Patch(elf, name);
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException or IndexOutOfRangeException)
        {
            throw new DllNotFoundException(
                $"'{name}' is a broken ELF file (a table points outside of it), so it cannot be made to load with this machine's libstdc++.", e);
        }
    }

    static int Patch(Span<byte> elf, string name)
    {
        if (elf.Length < 64 || !elf[..6].SequenceEqual("\u007fELF\u0002\u0001"u8))
            throw new DllNotFoundException(
                $"'{name}' is no 64-bit little-endian ELF file, so it cannot be made to load with this machine's libstdc++.");
        var sections = Sections(elf);
        var needs = sections.FirstOrDefault(s => s.Type == VersionNeeds);
        if (needs.Type == 0 || FindVersion(elf, sections, needs) is not { } entry)
            return 0;
        var index = U16(elf, entry + 6) & 0x7fff;
        var symbol = OnlySymbolOf(elf, sections, index, name);
        var flags = U16(elf, entry + 4);
        var info = elf[symbol + 4];
        BinaryPrimitives.WriteUInt16LittleEndian(elf[(entry + 4)..], (ushort)(flags | WeakVersion));
        elf[symbol + 4] = (byte)((WeakBinding << 4) | (info & 0xf));
        return (elf[entry + 4] != (byte)flags ? 1 : 0) + (elf[symbol + 4] != info ? 1 : 0);
    }

    static Section[] Sections(ReadOnlySpan<byte> elf)
    {
        var table = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(elf[0x28..]));
        var (size, count) = (U16(elf, 0x3a), U16(elf, 0x3c));
        var sections = new Section[count];
        for (var i = 0; i < count; i++)
        {
            var header = elf.Slice(table + i * size, 64);
            var (offset, length) = (checked((int)I64(header, 0x18)), checked((int)I64(header, 0x20)));
            sections[i] = new(I32(header, 4), offset, length, I32(header, 0x28), I32(header, 0x2c));
        }
        return sections;
    }

    /// <summary>Offset of the Vernaux entry of <see cref="Version"/>, or null.</summary>
    static int? FindVersion(ReadOnlySpan<byte> elf, Section[] sections, Section needs)
    {
        var strings = sections[needs.Link].Offset;
        var file = needs.Offset;
        for (var i = 0; i < needs.Info; i++, file += I32(elf, file + 12)) // vn_next
        {
            var entry = file + I32(elf, file + 8); // vn_aux
            for (var j = 0; j < U16(elf, file + 2); j++, entry += I32(elf, entry + 12)) // vn_cnt, vna_next
                if (Text(elf, strings + I32(elf, entry + 8)) == Version)
                    return entry;
        }
        return null;
    }

    /// <summary>Offset of the one symbol of the version; anything but the unused pin is a real need, which no patch can meet.</summary>
    static int OnlySymbolOf(ReadOnlySpan<byte> elf, Section[] sections, int versionIndex, string name)
    {
        var symbols = sections.First(s => s.Type == DynamicSymbols);
        var versions = sections.First(s => s.Type == SymbolVersions);
        int? found = null;
        for (var i = 0; i < versions.Size / 2; i++)
        {
            if ((U16(elf, versions.Offset + 2 * i) & 0x7fff) != versionIndex)
                continue;
            var symbol = symbols.Offset + 24 * i;
            var text = Text(elf, sections[symbols.Link].Offset + I32(elf, symbol));
            if (text != Symbol)
                throw new DllNotFoundException(
                    $"This machine's libstdc++ lacks {Version}, and '{name}' needs its symbol '{text}': install the libstdc++ of GCC 13 or later.");
            found = symbol;
        }
        return found ?? throw new DllNotFoundException(
            $"'{name}' asks for {Version} but names no symbol of it: install the libstdc++ of GCC 13 or later.");
    }

    static string Text(ReadOnlySpan<byte> elf, int offset) => Encoding.UTF8.GetString(elf[offset..][..elf[offset..].IndexOf((byte)0)]);
    static ushort U16(ReadOnlySpan<byte> elf, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(elf[offset..]);
    static int I32(ReadOnlySpan<byte> elf, int offset) => BinaryPrimitives.ReadInt32LittleEndian(elf[offset..]);
    static long I64(ReadOnlySpan<byte> elf, int offset) => BinaryPrimitives.ReadInt64LittleEndian(elf[offset..]);
}
