using Rlhf.Learning.Models;
using Rlhf.Learning.Tests.Support;
using TorchSharp;

namespace Rlhf.Learning.Tests.Models;

public sealed class SafetensorsStreamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData(1 << 20)]
    public void A_file_read_from_live_tensors_is_the_file_that_would_be_written_from_any_place_on(int step)
    {
        using var tensors = new Sample(step < 10 ? 5 : 1_500_000);
        using var written = new MemoryStream();
        Safetensors.Write(written, [("b", tensors.Second), ("a", tensors.First.narrow(0, 1, tensors.First.numel() - 2))]);
        using var stream = new SafetensorsStream([new("b", tensors.Second, 0, tensors.Second.numel()), new("a", tensors.First, 1, tensors.First.numel() - 2)]);

        Assert.Equal(written.ToArray(), Read(stream, 0, step));
        Assert.Equal(written.ToArray()[101..], Read(stream, 101, step));
        Assert.Equal((stream.Length, 0), (stream.Position, stream.Read(new byte[1], 0, 1)));
    }

    static byte[] Read(SafetensorsStream stream, int from, int step)
    {
        stream.Position = from;
        var (all, part) = (new MemoryStream(), new byte[step]);
        for (int read; (read = stream.Read(part)) > 0;) all.Write(part, 0, read);
        return all.ToArray();
    }

    sealed class Sample(int size) : IDisposable
    {
        public torch.Tensor First { get; } = torch.randn(size + 2);

        public torch.Tensor Second { get; } = torch.randn(7);

        public void Dispose()
        {
            First.Dispose();
            Second.Dispose();
        }
    }
}
