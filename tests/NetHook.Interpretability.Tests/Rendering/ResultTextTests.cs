using System.Globalization;

namespace NetHook.Interpretability.Tests;

/// <summary>Results as a newcomer sees them who prints one.</summary>
public sealed class ResultTextTests
{
    private static readonly StateGrid Grid = new(3, 2, (token, layer) => new[,] { { 0.0214, 0.0214 }, { 0.5, 1 }, { -0.0004, 0.8449 } }[token, layer]);

    [Fact]
    public void A_causal_trace_is_a_table_of_percents() => Assert.Equal(
        """
        The probability of " Paris" is 84.5 %, and 2.1 % with the subject (*) corrupted.
        In percent, with the hidden states of one token (down) at one layer (across) restored:

                         0      1
        " of\n"        2.1    2.1
        " \"France"*  50.0  100.0
        " is"          0.0   84.5
        """,
        Trace(StateKind.Hidden, 1).ToString());

    [Fact]
    public void A_causal_trace_says_what_was_restored()
    {
        Assert.Contains("\nIn percent, with the MLP outputs of one token (down) at 3 layers (across) restored:", Trace(StateKind.Mlp, 3).ToString(), StringComparison.Ordinal);
        Assert.Contains("\nIn percent, with the attention outputs of one token (down) at one layer (across) restored:", Trace(StateKind.Attention, 1).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_activation_patch_is_a_table_from_0_to_1()
    {
        var patch = new ActivationPatch
        {
            CleanPrompt = "The France is",
            CounterfactualPrompt = "The Italy is",
            CleanTokenIds = [1, 2, 3],
            CounterfactualTokenIds = [1, 4, 3],
            CleanAnswerId = 5,
            CounterfactualAnswerId = 6,
            CleanProbability = 0.9,
            CounterfactualProbability = 0.8,
            Kind = StateKind.Mlp,
            Window = 2,
            Tokens = [new(0, 0, "The", "The"), new(1, 1, " France", " Italy"), new(2, 2, " is", " is")],
            CleanAnswer = " Paris",
            CounterfactualAnswer = " Rome",
            CleanLogitDifference = 3,
            CounterfactualLogitDifference = -1,
            LogitDifferences = Grid.Select(value => (4 * value) - 1),
        };

        Assert.Equal(
            """
            The logit of " Paris" less that of " Rome" is 3.00, and -1.00 in the counterfactual run.
            How much of the difference the clean MLP outputs of one token (down) at 2 layers (across) bring back in that run, 0 as without them, 1 as in the clean run:

                                       0     1
            "The"                   0.02  0.02
            " France" for " Italy"  0.50  1.00
            " is"                   0.00  0.84
            """,
            patch.ToString());
    }

    [Fact]
    public void A_lens_is_a_table_of_the_likeliest_tokens()
    {
        static IReadOnlyList<NextToken> Likeliest(string text, double probability) => [new(1, text, probability), new(2, "second", 0.01)];
        var lens = new LogitLens(
            "The capital",
            [1, 2],
            ["The", " capital"],
            ["embeddings", "transformer.h.0"],
            [[Likeliest("\u0011", 0.031), Likeliest("x", 1)], [Likeliest(" of", 0.5), Likeliest(" Paris", 0.849)]]);

        Assert.Equal(
            """
                        embeddings   h.0
            "The"       "\u0011" 3%  " of" 50%
            " capital"  "x" 100%     " Paris" 85%
            """,
            lens.ToString());
    }

    [Fact]
    public void Numbers_are_the_same_in_every_country()
    {
        CultureInfo before = CultureInfo.CurrentCulture, other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        other.NumberFormat.NumberDecimalSeparator = ",";
        string expected = Trace(StateKind.Hidden, 1).ToString();
        try
        {
            CultureInfo.CurrentCulture = other;

            Assert.Equal(expected, Trace(StateKind.Hidden, 1).ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static CausalTrace Trace(StateKind kind, int window) => new()
    {
        Kind = kind,
        Window = window,
        TokenIds = [1, 2, 3],
        Tokens = [" of\n", " \"France", " is"],
        Subject = 1..2,
        Answer = 7,
        AnswerText = " Paris",
        Samples = 10,
        CleanProbability = 0.8452,
        CorruptedProbability = 0.0214,
        Probabilities = Grid,
    };
}
