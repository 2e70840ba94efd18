using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>Colours from light to dark: those of the figures of Meng et al. 2022, purple, green and red (matplotlib's).</summary>
internal sealed class Palette
{
    private readonly (byte Red, byte Green, byte Blue)[] _stops;

    private Palette(params (byte Red, byte Green, byte Blue)[] stops) => _stops = stops;

    public static Palette Of(StateKind kind) => kind switch
    {
        StateKind.Mlp => new((247, 252, 245), (199, 233, 192), (116, 196, 118), (35, 139, 69), (0, 68, 27)),
        StateKind.Attention => new((255, 245, 240), (252, 187, 161), (251, 106, 74), (203, 24, 29), (103, 0, 13)),
        _ => new((252, 251, 253), (218, 218, 235), (158, 154, 200), (106, 81, 163), (63, 0, 125)),
    };

    /// <summary>The colour at a depth from 0, lightest, to 1, darkest.</summary>
    public (byte Red, byte Green, byte Blue) At(double depth)
    {
        double at = depth * (_stops.Length - 1);
        int from = Math.Min((int)at, _stops.Length - 2);
        ((byte Red, byte Green, byte Blue) low, (byte Red, byte Green, byte Blue) high) = (_stops[from], _stops[from + 1]);
        byte Mix(byte a, byte b) => (byte)Math.Round(a + ((b - a) * (at - from)));
        return (Mix(low.Red, high.Red), Mix(low.Green, high.Green), Mix(low.Blue, high.Blue));
    }
}
