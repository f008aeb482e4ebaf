using System.Reflection;

namespace Rlhf.Elsa.Tests;

/// <summary>What is built follows from one property: with it everything of Elsa's is there, without it nothing is.</summary>
public sealed class WithoutElsaTests
{
#if WITH_ELSA
    [Fact]
    public void With_Elsa_the_assembly_holds_the_host() => Assert.Contains(References(), r => r.StartsWith("Elsa.Workflows", StringComparison.Ordinal));
#else
    [Fact]
    public void Without_Elsa_nothing_of_it_is_referenced() => Assert.DoesNotContain(References(), r => r.StartsWith("Elsa", StringComparison.Ordinal));
#endif

    static IEnumerable<string> References()
    {
        var assembly = Assembly.Load("Rlhf.Elsa");
        return assembly.GetReferencedAssemblies().Select(a => a.Name!);
    }
}
