namespace Rlhf.Simulation.Gold;

/// <summary>The words that the gold preference looks at, of this project's grammar and of children's stories in general.</summary>
internal static class GoldLexicon
{
    /// <summary>What is known of a word in lower case.</summary>
    public static WordInfo Of(ReadOnlySpan<char> word) => ByText.TryGetValue(word, out var info) ? info : default;

    static Dictionary<string, WordInfo> Build()
    {
        var words = new Dictionary<string, WordInfo>(StringComparer.Ordinal);
        foreach (var (role, list) in Roles)
            Each(list, words, i => i with { Roles = i.Roles | role });
        foreach (var (kind, opening, resolving) in Events)
        {
            Each(opening, words, i => i with { Opens = i.Opens | kind });
            Each(resolving, words, i => i with { Resolves = i.Resolves | kind });
        }
        return words;
    }

    static void Each(string list, Dictionary<string, WordInfo> words, Func<WordInfo, WordInfo> change)
    {
        foreach (var word in list.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            words[word] = change(words.GetValueOrDefault(word));
    }

    static readonly (WordRole, string)[] Roles =
    [
        (WordRole.She, "she her hers herself she's she'd"),
        (WordRole.He, "he him his himself he's he'd"),
        (WordRole.Female, "girl mom mommy mum mummy mother mama grandma sister daughter woman lady queen princess aunt wife girls"),
        (WordRole.Male, "boy dad daddy father papa grandpa brother son man king prince uncle husband mister boys"),
        (WordRole.Female | WordRole.Name,
            "mia ana lily sara amy lucy emma zoe ella nora rosa kate anna sarah lila molly jane jill sue daisy mary sally jenny jen elly penny " +
            "betty lisa julia olivia sophie sophia grace ava susie polly clara nancy kim beth mandy ellie maggie millie annie rosie tina"),
        (WordRole.Male | WordRole.Name,
            "tom ben max sam jack leo tim dan finn paul omar hugo timmy john jimmy joe bob billy tommy jim andy frank james jake benny david " +
            "peter mike bobby johnny charlie danny mark fred george harry matt nick adam alex"),
        (WordRole.Introduces, "named called name friend brother sister mom dad mommy daddy twin cousin dog cat puppy and neighbor"),
        (WordRole.Trouble,
            "sad cry cried cries crying upset lost broke broken scared afraid frightened angry mad hurt worried lonely sick tears unhappy bad fell " +
            "stuck hungry frown frowned sorry screamed trouble sadly"),
        (WordRole.Joy,
            "happy happily smile smiled smiles smiling laugh laughed laughing glad thank thanks thanked proud joy fun cheered hugged hug loved " +
            "played wonderful delighted excited giggled relieved grateful yay hooray safe"),
        (WordRole.Negation, "not no never didn't don't couldn't can't wasn't weren't isn't wouldn't won't without nothing"),
        (WordRole.Open, "the a an and or but of to with at from for by so because then very than my your their our if when who that's"),
        (WordRole.Indefinite, "a an another"),
        (WordRole.Definite, "the this that"),
        (WordRole.It, "it them"),
        (WordRole.Thing,
            "kite cup hat doll book boat drum ball bag car cat dog bird duck horse rabbit goat pig mouse fox toy toys truck bear teddy balloon box " +
            "bike cake cookie apple flower tree shoe shoes dress shirt coat blanket fish frog bunny puppy kitty kitten butterfly bee bug lion monkey " +
            "elephant owl squirrel spider cow chicken hen sheep train plane robot rock stone stick ring key coin crayon crayons pencil paper picture " +
            "house castle tower block blocks swing slide bed chair table lamp mirror window door bell whistle guitar puzzle game necklace button " +
            "scarf glove gloves sock socks bottle bowl plate spoon fork jar candy ice cream pie bread soup carrot banana orange wagon sled leaf nest " +
            "egg shell star moon umbrella basket needle skirt bucket sandwich pond snail ladybug worm turtle dragon dinosaur"),
        (WordRole.Setting, "liked likes loved loves lived lives always every usually favorite"),
        (WordRole.Turn, "suddenly noticed decided heard asked wondered"),
        (WordRole.Outcome, "finally end eventually learned lesson forever goodbye promised ever since finished"),
        (WordRole.Common,
            "the a an and or but of to with at from for by so because then very than my your their our if when who in on was were is are be had " +
            "has have it he she they them him her his i you we said that this there one day time all as up out not too little big some"),
    ];

    static readonly (StoryEvents, string Opening, string Resolving)[] Events =
    [
        (StoryEvents.Lost, "lost lose loses missing gone disappeared", "found find finds saw back"),
        (StoryEvents.Broken, "broke broken breaks tore torn cracked", "fixed fix fixes mended repaired glued"),
        (StoryEvents.Hungry, "hungry starving thirsty", "fed feed food ate eat drank gave"),
        (StoryEvents.Scared, "scared afraid frightened scary fear", "hugged held hug brave safe calm comforted"),
        (StoryEvents.Wanted, "wanted want wants wished wish hoped needed dreamed", "bought got gave give given made took won"),
        (StoryEvents.Dirty, "dirty muddy messy mud mess", "washed cleaned wash clean wiped"),
        (StoryEvents.Sick, "sick hurt ill tired sleepy", "better doctor rested slept medicine healed nap bandage"),
        (StoryEvents.Stuck, "stuck trapped caught", "pulled freed climbed helped pushed free"),
        (StoryEvents.Sad, "sad cried crying cry lonely upset alone unhappy bored", "smiled happy laughed hugged cheered played friend friends"),
    ];

    // Static fields are set in the order they stand in: these after the lists they are made of.
    static readonly Dictionary<string, WordInfo> Words = Build();

    static readonly Dictionary<string, WordInfo>.AlternateLookup<ReadOnlySpan<char>> ByText = Words.GetAlternateLookup<ReadOnlySpan<char>>();
}
