using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Rlhf.Adapters.Blob;

// Upload and download of one file to the container in RLHF_BLOB, by our store and by the SDK's own parallel transfer with the same block
// size, parallelism and checksum, in turn. Arguments: which (ours or sdk; both by default, each in a process of its own for its memory), MB (1,024).
var which = args.FirstOrDefault() ?? "both";
var megabytes = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1024;
if (which == "both") return await BothAsync(megabytes);

var (options, settings) = (new BlobOptions(), BlobSettings.FromEnvironment(Environment.GetEnvironmentVariable) ?? throw new ArgumentException($"{BlobSettings.Variable} is not set; expected a container."));
var store = await BlobObjectStore.OpenAsync(settings, TimeProvider.System, options, null, create: true, default);
var file = Path.GetTempFileName();
try
{
    await FillAsync(file, megabytes);
    var name = $"transfer/{Guid.NewGuid():N}";
    var container = new BlobContainerClient(Environment.GetEnvironmentVariable(BlobSettings.Variable), settings.Container);
    var transfer = new StorageTransferOptions { InitialTransferSize = options.BlockBytes, MaximumTransferSize = options.BlockBytes, MaximumConcurrency = options.Parallel };
    var clock = Stopwatch.StartNew();
    if (which == "ours")
    {
        await using var content = File.OpenRead(file);
        await store.TryCreateAsync(name, content, default);
    }
    else
    {
        await container.GetBlobClient(name).UploadAsync(file, new BlobUploadOptions
        {
            TransferOptions = transfer,
            TransferValidation = new() { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
        });
    }
    var up = clock.Elapsed;
    clock.Restart();
    await using (var target = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
    {
        if (which == "ours")
        {
            await using var source = (await store.OpenAsync(name, default))!;
            await source.CopyToAsync(target, 1 << 20);
        }
        else
        {
            // Without the checksum of ranges: Azurite answers with that of another range. It makes the SDK the faster.
            await container.GetBlobClient(name).DownloadToAsync(target, new BlobDownloadToOptions { TransferOptions = transfer });
        }
    }
    var down = clock.Elapsed;
    clock.Restart();
    await using (var content = File.OpenRead(file)) await SHA256.HashDataAsync(content);
    Console.WriteLine(FormattableString.Invariant(
        $"{which} up {up.TotalSeconds:0.00} down {down.TotalSeconds:0.00} sha256 {clock.Elapsed.TotalSeconds:0.00} peak {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:0}"));
    await store.DeleteAsync(name, default);
}
finally
{
    File.Delete(file);
}
return 0;

static async Task<int> BothAsync(int megabytes)
{
    var results = new Dictionary<string, List<double[]>> { ["ours"] = [], ["sdk"] = [] };
    // In turn, since a machine is not as fast at every moment.
    foreach (var which in new[] { "sdk", "ours", "ours", "sdk" })
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [which, $"{megabytes}"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var line = (await process.StandardOutput.ReadToEndAsync()).Trim();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) return process.ExitCode;
        Console.WriteLine(line);
        var words = line.Split(' ');
        results[which].Add([.. new[] { 2, 4, 6, 8 }.Select(i => double.Parse(words[i], CultureInfo.InvariantCulture))]);
    }
    double Best(string which, int i) => results[which].Min(r => r[i]);
    foreach (var (what, i) in new[] { ("up", 0), ("down", 1) })
        Console.WriteLine(FormattableString.Invariant($"{what}: ours {megabytes / Best("ours", i):0} MiB/s, SDK {megabytes / Best("sdk", i):0} MiB/s, ratio {Best("sdk", i) / Best("ours", i):0.00}"));
    Console.WriteLine(FormattableString.Invariant($"one sha256 pass: {megabytes / Best("ours", 2):0} MiB/s; peak memory of ours: {results["ours"].Max(r => r[3]):0} MB"));
    return 0;
}

// Bytes that do not compress, from a stated seed.
static async Task FillAsync(string file, int megabytes)
{
    await using var stream = File.Create(file);
    var (buffer, counter) = (new byte[1 << 20], new byte[16]);
    using var aes = Aes.Create();
    aes.Key = new byte[32];
    for (var i = 0; i < megabytes; i++)
    {
        BitConverter.TryWriteBytes(counter, i);
        aes.EncryptCbc(new byte[(1 << 20) - 16], counter, buffer);
        await stream.WriteAsync(buffer);
    }
}
