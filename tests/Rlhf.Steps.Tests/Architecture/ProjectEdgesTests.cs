using System.Reflection;
using System.Xml.Linq;

namespace Rlhf.Steps.Tests.Architecture;

/// <summary>Which project may see what, through any number of others: the edges are read from the project files.</summary>
public sealed class ProjectEdgesTests
{
    static readonly string Root = typeof(ProjectEdgesTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(m => m.Key == "RepositoryRoot").Value!;

    [Theory]
    [InlineData("Rlhf.Steps", "TorchSharp", "Microsoft.EntityFrameworkCore", "Microsoft.AspNetCore", "Azure.", "Rlhf.")]
    [InlineData("Rlhf.Learning", "Azure.", "Microsoft.AspNetCore", "Microsoft.EntityFrameworkCore", "Microsoft.Extensions.DependencyInjection", "Rlhf.")]
    [InlineData("Rlhf.Pipeline", "Azure.", "Microsoft.EntityFrameworkCore", "Microsoft.AspNetCore", "Rlhf.Simulation", "Rlhf.Runtime")]
    [InlineData("Rlhf.Runtime", "TorchSharp", "Microsoft.AspNetCore", "Rlhf.Learning", "Rlhf.Pipeline", "Rlhf.Simulation")]
    [InlineData("Rlhf.Adapters", "TorchSharp", "Microsoft.AspNetCore", "Rlhf.Learning", "Rlhf.Pipeline", "Rlhf.Runtime", "Rlhf.Simulation")]
    [InlineData("Rlhf.Reports", "TorchSharp", "SkiaSharp", "Azure.", "Microsoft.EntityFrameworkCore", "Microsoft.AspNetCore", "Rlhf.Learning", "Rlhf.Pipeline", "Rlhf.Runtime", "Rlhf.Simulation")]
    [InlineData("Rlhf.Server", "TorchSharp", "Rlhf.Learning", "Rlhf.Pipeline", "Rlhf.Adapters", "Rlhf.Simulation")]
    [InlineData("Rlhf.Elsa", "TorchSharp", "Rlhf.Learning", "Rlhf.Pipeline", "Rlhf.Runtime", "Rlhf.Server", "Rlhf.Simulation")]
    [InlineData("Rlhf.Simulation", "TorchSharp", "Microsoft.EntityFrameworkCore", "Rlhf.Learning", "Rlhf.Pipeline")]
    public void A_project_never_sees_what_it_must_not_see(string project, params string[] forbidden)
    {
        var seen = Closure(project).Where(s => s != project).ToList();

        Assert.DoesNotContain(seen, s => forbidden.Any(f => s.StartsWith(f, StringComparison.Ordinal)));
    }

    [Fact]
    public void No_training_code_sees_the_gold_preference() =>
        Assert.Equal(["Rlhf.Cli"], Projects().Where(p => p != "Rlhf.Simulation" && Closure(p).Contains("Rlhf.Simulation")));

    [Fact]
    public void The_walk_sees_through_other_projects() => Assert.Contains("TorchSharp", Closure("Rlhf.Cli"));

    static IEnumerable<string> Projects() => Directory.GetDirectories(Path.Combine(Root, "src")).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal);

    static HashSet<string> Closure(string project)
    {
        var seen = new HashSet<string>();
        Visit(project);
        return seen;

        void Visit(string name)
        {
            if (!seen.Add(name)) return;
            var file = Path.Combine(Root, "src", name, name + ".csproj");
            if (!File.Exists(file)) return;
            var items = XDocument.Load(file).Descendants();
            foreach (var item in items.Where(i => i.Name.LocalName is "ProjectReference" or "PackageReference" or "FrameworkReference"))
            {
                var include = item.Attribute("Include")!.Value;
                Visit(item.Name.LocalName == "ProjectReference" ? Path.GetFileNameWithoutExtension(include) : include);
            }
        }
    }
}
