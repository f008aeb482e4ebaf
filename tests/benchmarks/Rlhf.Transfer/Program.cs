using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Rlhf.Adapters.Blob;
using Rlhf.Tests.Support;

// One large file to and from Azurite by the product's store and by the SDK's own parallel transfer, with the same blocks and checksums.
// Every transfer is a process of its own, so that its peak of memory is its own too.
// Usage: dotnet run -c Release --project tests/benchmarks/Rlhf.Transfer [MEGABYTES [REPEATS]]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is ["transfer", var who, var way, var connection, var blob, var path])
{
    var clock = Stopwatch.StartNew();
    await TransferAsync(who, way, connection, blob, path);
    Console.WriteLine($"{clock.Elapsed.TotalSeconds} {Peak() / 1e6}");
    return 0;
}
var megabytes = args.Length > 0 ? int.Parse(args[0]) : 1000;
var repeats = args.Length > 1 ? int.Parse(args[1]) : 3;
var folder = Directory.CreateTempSubdirectory("rlhf-transfer-").FullName;
try
{
    return await CompareAsync(megabytes, repeats, folder);
}
finally
{
    Directory.Delete(folder, recursive: true);
}

static async Task<int> CompareAsync(int megabytes, int repeats, string folder)
{
    if (AzuriteServer.Start() is not { } server)
    {
        Console.Error.WriteLine("Azurite is not installed (npm ci in tests/Support/azurite; needs Node.js).");
        return 1;
    }
    var connection = server.ConnectionString();
    await new BlobContainerClient(connection, Container).CreateAsync();
    var file = Path.Combine(folder, "content");
    var hash = WriteContent(file, megabytes);
    var hashing = await HashingAsync(file);
    var failed = false;
    foreach (var way in (string[])["upload", "download"])
    {
        var all = new Dictionary<string, List<(double Seconds, double Peak)>> { ["ours"] = [], ["sdk"] = [] };
        for (var i = 0; i < repeats; i++)
        {
            // In turns, so that what disturbs the machine disturbs both.
            foreach (var who in (string[])(i % 2 == 0 ? ["ours", "sdk"] : ["sdk", "ours"]))
            {
                var path = way == "upload" ? file : Path.Combine(folder, "copy");
                all[who].Add(await MeasureAsync(who, way, connection, $"blobs/{who}-{i}", path));
                if (way == "download" && Hash(path) != hash) throw new InvalidDataException($"What {who} downloaded is not what was uploaded.");
            }
        }
        var (ours, sdk) = (Median(all["ours"].Select(m => m.Seconds)), Median(all["sdk"].Select(m => m.Seconds)));
        var peak = all["ours"].Max(m => m.Peak);
        Console.WriteLine(
            $"{way} of {megabytes} MB, median of {repeats}: ours {megabytes / ours:0} MB/s ({ours:0.0} s), SDK {megabytes / sdk:0} MB/s ({sdk:0.0} s), ratio {sdk / ours:0.00} (0.80 asked); "
            + $"peak memory ours {peak:0} MB (below 300 asked), SDK {all["sdk"].Max(m => m.Peak):0} MB");
        failed |= sdk / ours < 0.8 || peak >= 300;
    }
    Console.WriteLine($"our one SHA-256 pass over the file, apart: {megabytes / hashing:0} MB/s ({hashing:0.0} s)");
    return failed ? 1 : 0;
}

static async Task<(double Seconds, double Peak)> MeasureAsync(params string[] what)
{
    var start = new ProcessStartInfo(Environment.ProcessPath!, ["transfer", .. what]) { RedirectStandardOutput = true };
    using var process = Process.Start(start)!;
    Leash.Hold(process.Id);
    var output = await process.StandardOutput.ReadToEndAsync();
    await process.WaitForExitAsync();
    Leash.Release(process.Id);
    if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', what.Take(2))} failed with exit code {process.ExitCode}.");
    var numbers = output.Split(' ');
    return (double.Parse(numbers[0]), double.Parse(numbers[1]));
}

static async Task TransferAsync(string who, string way, string connection, string blob, string path)
{
    var options = new BlobOptions();
    var transfer = new StorageTransferOptions { InitialTransferSize = options.BlockBytes, MaximumTransferSize = options.BlockBytes, MaximumConcurrency = options.Parallel };
    var client = new BlobContainerClient(connection, Container).GetBlobClient(blob);
    var settings = BlobSettings.FromEnvironment(name => name == BlobSettings.Variable ? connection : Container)!;
    var store = new BlobObjectStore(settings, TimeProvider.System, options);
    await using var file = way == "upload" ? File.OpenRead(path) : File.Create(path);
    switch (who, way)
    {
        case ("ours", "upload"):
            if (!await store.TryCreateAsync(blob, file, default)) throw new InvalidOperationException($"'{blob}' was there already.");
            break;
        case ("ours", "download"):
            await using (var stream = await store.OpenAsync(blob, default)) await stream!.CopyToAsync(file, 1 << 20);
            break;
        case ("sdk", "upload"):
            var checksum = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 };
            await client.UploadAsync(file, new BlobUploadOptions { TransferOptions = transfer, TransferValidation = checksum });
            break;
        case ("sdk", "download"):
            // No checksums by range for either: the product checks the whole by its hash.
            await client.DownloadToAsync(file, new BlobDownloadToOptions { TransferOptions = transfer });
            break;
        default:
            throw new ArgumentException($"'{who} {way}' is no transfer.");
    }
}

static string WriteContent(string path, int megabytes)
{
    using var file = File.Create(path);
    var block = new byte[1_000_000];
    var key = new byte[32];
    // A stream of its own for each block, quickly: what is the same twice might be stored once.
    using var aes = Aes.Create();
    aes.Key = key;
    for (var i = 0; i < megabytes; i++)
    {
        BitConverter.TryWriteBytes(block, i);
        file.Write(aes.EncryptCbc(block, new byte[16], PaddingMode.None));
    }
    file.Dispose();
    return Hash(path);
}

static async Task<double> HashingAsync(string path)
{
    var clock = Stopwatch.StartNew();
    await using var file = File.OpenRead(path);
    await SHA256.HashDataAsync(file);
    return clock.Elapsed.TotalSeconds;
}

static string Hash(string path)
{
    using var file = File.OpenRead(path);
    return Convert.ToHexStringLower(SHA256.HashData(file));
}

static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

static long Peak()
{
    using var process = Process.GetCurrentProcess();
    return process.PeakWorkingSet64;
}

/// <summary>What both sides share.</summary>
partial class Program
{
    const string Container = "transfer";
}
