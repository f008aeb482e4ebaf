using System.Buffers.Binary;
using System.Text;
using Rlhf.Learning.Models;
using Rlhf.Learning.Tests.Support;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Models;

public class SafetensorsTests
{
    [Fact]
    public void Tensors_come_back_with_their_shapes_and_values()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();

        Safetensors.Write(folder.File("a"), [("b", arange(6, ScalarType.Float32).view(2, 3)), ("a", tensor(float.NegativeInfinity)), ("c", zeros(0))]);
        var tensors = Safetensors.Read(folder.File("a"));

        Assert.Equal(["a", "b", "c"], tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([2, 3], tensors["b"].shape);
        Assert.Equal([0, 1, 2, 3, 4, 5], Some.Values(tensors["b"]));
        Assert.Equal([float.NegativeInfinity], Some.Values(tensors["a"]));
        Assert.Empty(Some.Values(tensors["c"]));
    }

    [Fact]
    public void Equal_tensors_give_equal_bytes_in_whatever_order_and_layout_they_come()
    {
        using var scope = NewDisposeScope();
        var (first, second) = (new MemoryStream(), new MemoryStream());
        var (x, y) = (arange(6, ScalarType.Float32).view(2, 3), ones(3));

        Safetensors.Write(first, [("x", x), ("y", y)]);
        Safetensors.Write(second, [("y", y), ("x", x.t().contiguous().t())]);

        Assert.Equal(first.ToArray(), second.ToArray());
    }

    [Fact]
    public void The_bytes_are_those_of_the_format()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();

        Safetensors.Write(stream, [("w", tensor([1f, -2f], [1, 2]))]);

        const string Header = """{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}""";
        Assert.Equal(0, Header.PadRight((Header.Length + 7) / 8 * 8).Length % 8);
        Assert.Equal(File_(Header.PadRight((Header.Length + 7) / 8 * 8), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0), stream.ToArray());
    }

    [Fact]
    public void Half_precision_is_read_as_float32()
    {
        using var scope = NewDisposeScope();
        const string Header = """{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]}}""";
        var bytes = File_(Header, 0x00, 0x3c, 0x00, 0xc1, 0x80, 0x3f, 0x20, 0xc0);

        var tensors = Saved.Tensors(bytes);

        Assert.Equal([1, -2.5f], Some.Values(tensors["h"]));
        Assert.Equal([1, -2.5f], Some.Values(tensors["b"]));
    }

    [Theory]
    [InlineData("""[]""", 0, "its header is no JSON object")]
    [InlineData("""{"w":""", 0, "its header is no JSON")]
    [InlineData("""{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}""", 8, "tensor 'w' has dtype 'I64', but F32, F16 or BF16 was expected")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2]}}""", 8, "the entry of tensor 'w' is not a dtype, a shape and two offsets")]
    [InlineData("""{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "the entry of tensor 'w' is not a dtype, a shape and two offsets")]
    [InlineData("""{"w":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8, "the entry of tensor 'w' is not a dtype, a shape and two offsets")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "the entry of tensor 'w' is not a dtype, a shape and two offsets")]
    [InlineData("""{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "tensor 'w' of shape [3] does not take the bytes 0 to 8")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "tensor 'w' lies at bytes 62 to 70, but its data was expected to begin at 62 and end by 66")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "tensor 'w' lies at bytes 66 to 70, but its data was expected to begin at 62 and end by 70")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12,
        "tensor 'b' lies at bytes 120 to 128, but its data was expected to begin at 124 and end by 128")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "it has 70 bytes, but its tensors end at 66")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "tensor 'w' is listed twice")]
    public void A_damaged_file_is_refused_in_one_sentence(string header, int dataLength, string sentence)
    {
        var error = Assert.Throws<InvalidDataException>(() => Saved.Tensors(File_(header, new byte[dataLength])));

        Assert.Equal($"'x' is no usable safetensors file: {sentence}.", error.Message);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(99_000_000ul)]
    public void An_absurd_header_length_is_refused_before_anything_is_allocated(ulong length)
    {
        var bytes = new byte[100];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);

        var error = Assert.Throws<InvalidDataException>(() => Saved.Tensors(bytes));

        Assert.Equal($"'x' is no usable safetensors file: its header says that it has {length} bytes, but at most 92 were expected.", error.Message);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();
        Safetensors.Write(stream, [("w", ones(3)), ("v", ones(2, 2))]);
        var whole = stream.ToArray();

        Assert.All(Enumerable.Range(0, whole.Length), length =>
            Assert.Throws<InvalidDataException>(() => Saved.Tensors(whole[..length])));
    }

    static byte[] File_(string header, params byte[] data)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)header.Length);
        return [.. bytes, .. Encoding.ASCII.GetBytes(header), .. data];
    }
}
