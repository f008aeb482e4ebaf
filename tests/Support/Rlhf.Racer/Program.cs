using System.Globalization;
using Rlhf.Adapters.Blob;
using Rlhf.Steps.Artifacts;

// One of many processes that want the same numbers, in a folder and in a container: says that it is ready, waits for the end of its input, then
// tries to take each of them, and says which it got. Arguments: the folder; its own number; how many numbers to race for.
var (folder, racer, rounds) = (args[0], int.Parse(args[1], CultureInfo.InvariantCulture), int.Parse(args[2], CultureInfo.InvariantCulture));
var container = new BlobObjectStore(BlobSettings.FromEnvironment(Environment.GetEnvironmentVariable)!, TimeProvider.System);
var mine = new ArtifactRef("policy", racer.ToString("x64", CultureInfo.InvariantCulture));
await container.ListAsync("names/", default); // connected before the start

Console.WriteLine("ready");
Console.ReadLine();
var won = new List<string>();
foreach (var (place, objects) in new (string, IObjectStore)[] { ("folder", new FolderObjectStore(folder)), ("container", container) })
{
    var (versions, champions) = (new Names(objects, TimeProvider.System), new Aliases(objects, "production"));
    for (var number = 1; number <= rounds; number++)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (await versions.TryAddAsync("policy", new(number, mine, now), default) is not null) won.Add($"{place} policy@{number}");
        if (await champions.TryAppendAsync("0f3a/champion", new(number, mine, "race", now, $"racer {racer}"), default)) won.Add($"{place} champion {number}");
    }
}
Console.WriteLine(string.Join(',', won));
