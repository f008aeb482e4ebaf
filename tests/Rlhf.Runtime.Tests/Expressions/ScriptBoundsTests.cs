using Rlhf.Runtime.Expressions;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

/// <summary>Scripts that would go on for ever, or take all memory, inside one call of the engine.</summary>
public class ScriptBoundsTests
{
    const string Shared = "let a = []; for (let i = 0; i < 60; i++) a = [a, a]; ";
    const string Large = "const large = 'x'.repeat(100000), many = Array(100000).fill(large); ";
    const string Characters = "the script builds more than 33554432 characters of text";
    const string Visited = "the script goes through more than 100000 values of lists and objects";

    static readonly ScriptScope Scope = new(Some.Time, "instance/1");

    [Theory(Timeout = 300_000)]
    [InlineData("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", "Atomics is not defined")]
    [InlineData("new SharedArrayBuffer(4)", "SharedArrayBuffer is not defined")]
    [InlineData("BigInt('9'.repeat(3000000))", "BigInt is not defined")]
    [InlineData("let x = 3n; for (let i = 0; i < 40; i++) x = x * x; 1", "the script has the BigInt 3n; expected a number")]
    [InlineData("9n ** 9n ** 9n ** 9n; 1", "the script has the BigInt 9n; expected a number")]
    [InlineData("new BigInt64Array(1)[0]", "BigInt64Array is not defined")]
    [InlineData("new Date().toTemporalInstant()", "toTemporalInstant")]
    [InlineData("Temporal.Now.instant()", "Temporal is not defined")]
    [InlineData("new ShadowRealm().evaluate('1')", "ShadowRealm is not defined")]
    [InlineData("new Float64Array(1e9).length", "Float64Array is not defined")]
    [InlineData(Shared + "JSON.stringify(a)", Visited)]
    [InlineData(Shared + "JSON.stringify(a, [0, 1])", Visited)]
    [InlineData(Shared + "JSON.stringify(new Proxy(a, {}))", Visited)]
    [InlineData(Shared + "a.join()", Visited)]
    [InlineData(Shared + "'' + a", Visited)]
    [InlineData(Shared + "a.toLocaleString()", Visited)]
    [InlineData(Shared + "a.flat(100).length", Visited)]
    [InlineData(Shared + "new Proxy(a, {}).flat(100).length", Visited)]
    [InlineData(Shared + "({ [a]: 1 })", Visited)]
    [InlineData("let a = 1; for (let i = 0; i < 60; i++) a = { toJSON: Object.bind(null, [a, a]) }; JSON.stringify(a)", Visited)]
    [InlineData("JSON.stringify([0], (key, value) => [value])", "nested more than 200 deep")]
    [InlineData(Large + "many.join()", Characters)]
    [InlineData(Large + "many.toLocaleString()", Characters)]
    [InlineData(Large + "JSON.stringify(many)", Characters)]
    [InlineData(Large + "''.concat(...many).length", Characters)]
    [InlineData(Large + "String.raw({ raw: many }).length", Characters)]
    [InlineData(Large + "String.raw({ raw: { length: 1e15 } }).length", Visited)]
    [InlineData(Large + "many.flatMap(Object.bind(null, many)).length", Visited)]
    [InlineData("'x'.repeat(1e9).length", Characters)]
    [InlineData("'x'.padStart(1e9).length", Characters)]
    [InlineData("'x'.padEnd(1e9, 'yz').length", Characters)]
    [InlineData(Large + "large.replaceAll('x', large).length", Characters)]
    [InlineData(Large + "large.replaceAll('x', large.toString.bind(large)).length", Characters)]
    [InlineData(Large + "large.replace(/x/g, large).length", Characters)]
    [InlineData(Large + "large.replace(/x/g, '$`').length", "the script replaces by '$' in a text of 100000 characters")]
    [InlineData(Large + "/x/g[Symbol.replace](large, large).length", Characters)]
    [InlineData("while (true) [1].join()", "the script ran more than 100000 statements")]
    [InlineData("Array.from({ length: 1e15 }).length", "")]
    [InlineData("[].concat(...Array(1000).fill(Array(1e6))).length", "")]
    [InlineData("Array.prototype.join.call({ length: 2 ** 53 - 1 })", Visited)]
    [InlineData("[...{ [Symbol.iterator]: () => ({ next: Object }) }].length", "")]
    [InlineData("new Set([1]).union({ size: 1, has: Object, keys: () => ({ next: Object }) }).size", "union")]
    [InlineData("(function again() { Promise.resolve().then(again); })()", "")]
    [InlineData("[3, 1, 2].sort(() => { while (true) {} })", "the script ran more than 100000 statements")]
    [InlineData("throw { toString() { while (true) {} } }", "")]
    public async Task A_script_that_would_not_end_in_one_call_says_why_it_does(string script, string reason)
    {
        var error = await Assert.ThrowsAsync<ScriptException>(() => Task.Run(() => Script.Evaluate(script, Scope), TestContext.Current.CancellationToken));

        // What is gone through is allocated too, and not by the byte alike on every machine.
        Assert.True(error.Message.Contains(reason) || (reason == Visited && error.Message == "the script took more than 64 MiB"), error.Message);
    }

    [Theory]
    [InlineData("[1, [2, [3, null]], undefined, 'x'].join('-')", "1-2,3,--x")]
    [InlineData("const a = [1]; a.push(a, 2); a.join() + '|' + String([]) + '|' + [[], [1]]", "1,,2||,1")]
    [InlineData("[1, [2, [3, [4]]]].flat().length + ',' + [1, [2, [3, [4]]]].flat(Infinity) + ',' + [1, , 2].flat().length", "3,1,2,3,4,2")]
    [InlineData("[1, 2].flatMap((x, i) => [x, [i]]).length + ''", "4")]
    [InlineData("JSON.stringify({ b: [1, { c: 'x' }], a: undefined, d: new Date(0) })", """{"b":[1,{"c":"x"}],"d":"1970-01-01T00:00:00.000Z"}""")]
    [InlineData("JSON.stringify({ b: 1, a: { b: 2, c: 3 } }, ['a', 'b'])", """{"a":{"b":2},"b":1}""")]
    [InlineData("JSON.stringify({ b: 1, c: 2 }, (key, value) => key === 'b' ? undefined : value, 1)", "{\n \"c\": 2\n}")]
    [InlineData("const s = [1]; JSON.stringify([s, s, [s]])", "[[1],[1],[[1]]]")]
    [InlineData("'ab'.repeat(2) + 'x'.padStart(3, '0') + 'x'.padEnd(2) + 'a'.concat(1, null)", "abab00xx a1null")]
    [InlineData("'a.b.c'.replace('.', '-') + 'a.b.c'.replaceAll('.', '$&$&') + 'a1b2'.replace(/[0-9]/g, d => d * 2) + 'ab'.replace(/(a)(b)/, '$2$1')", "a-b.ca..b..ca2b4ba")]
    [InlineData("String.raw`a\\n${1}b`", "a\\n1b")]
    [InlineData("[1, 2].toLocaleString()", "1,2")]
    public void What_is_within_the_bounds_is_as_JavaScript_has_it(string script, string expected) =>
        Assert.Equal(expected, (string?)Script.Evaluate(script, Scope).Value);

    [Fact]
    public void A_script_longer_than_any_that_is_meant_is_refused() =>
        Assert.Equal("the script has 100001 characters; expected at most 100000", Script.SyntaxError(new string(' ', 100_001)));

    [Theory(Timeout = 300_000)]
    [InlineData("1", "+1", 49_000, "")]
    [InlineData("(", "(", 90_000, "")]
    [InlineData("[", "[", 90_000, "")]
    [InlineData("!", "!", 90_000, "1")]
    [InlineData("a", ".a", 49_000, "")]
    [InlineData("if(1)", "if(1)", 19_000, "1")]
    public async Task A_script_that_is_nested_as_deep_as_its_length_allows_ends(string first, string more, int times, string last)
    {
        var script = first + string.Concat(Enumerable.Repeat(more, times)) + last;

        var syntax = await Task.Run(() => Script.SyntaxError(script), TestContext.Current.CancellationToken);
        var failure = await Record.ExceptionAsync(() => Task.Run(() => Script.Evaluate(script, Scope), TestContext.Current.CancellationToken));

        Assert.True(failure is null or ScriptException, $"{failure}");
        Assert.True(syntax is null || failure is not null, syntax);
    }

    [Fact(Timeout = 300_000)]
    public async Task What_not_even_the_clock_stops_is_left_behind()
    {
        using var end = new ManualResetEventSlim();

        var error = await Assert.ThrowsAsync<ScriptStoppedException>(() => Task.Run(() => LargeStack.Run(() => Wait(end), TimeSpan.FromMilliseconds(100)), TestContext.Current.CancellationToken));

        Assert.Equal("the script was given up after 0.1 s", error.Message);
        end.Set();
    }

    static bool Wait(ManualResetEventSlim end)
    {
        end.Wait();
        return true;
    }
}
