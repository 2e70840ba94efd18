using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Tests;

/// <summary>TorchSharp's modules that live in .NET.</summary>
internal static class ModuleRecipes
{
    private static Tensor Row => randn(3, 6, requires_grad: true);

    private static Tensor Line => randn(2, 4, 8, requires_grad: true);

    private static Tensor Plane => randn(2, 4, 8, 8, requires_grad: true);

    private static Tensor Space => randn([2, 4, 8, 8, 8], requires_grad: true);

    private static Tensor Classes => randint(0, 6, 3);

    private static Tensor Signs => (rand(3, 6) > 0.5).to(float32) * 2 - 1;

    internal static IEnumerable<Recipe> All => [.. Layers, .. Pools, .. Pads, .. Activations, .. Losses, .. Containers];

    private static IEnumerable<Recipe> Layers =>
    [
        Recipe.Of(() => Linear(6, 3), () => Row),
        Recipe.Of(() => Linear(6, 3, hasBias: false, dtype: float64), () => Row.to(float64)),
        Recipe.OfTwo(() => Bilinear(6, 6, 3), () => Row, () => Row),
        Recipe.Of(() => Conv1d(4, 6, 3, padding: 1, stride: 2), () => Line),
        Recipe.Of(() => Conv2d(4, 6, 3, padding: 1, padding_mode: PaddingModes.Circular, groups: 2), () => Plane),
        Recipe.Of(() => Conv2d(4, 6, 3, padding: Padding.Same, bias: false).to(float64), () => Plane.to(float64)),
        Recipe.Of(() => Conv3d(4, 2, 3, dilation: 2), () => Space),
        Recipe.Of(() => ConvTranspose1d(4, 6, 3, stride: 2, output_padding: 1), () => Line),
        Recipe.Of(() => ConvTranspose2d(4, 6, 3), () => Plane),
        Recipe.Of(() => ConvTranspose3d(4, 2, 3), () => Space),
        Recipe.Of(() => BatchNorm1d(4), () => Line),
        Recipe.Of(() => BatchNorm1d(4, track_running_stats: false), () => Line),
        Recipe.Of(() => Evaluated(BatchNorm2d(4, momentum: 0.3)), () => Plane),
        Recipe.Of(() => BatchNorm3d(4, affine: false), () => Space),
        Recipe.Of(() => InstanceNorm1d(4), () => Line),
        Recipe.Of(() => InstanceNorm2d(4, affine: true, track_running_stats: true), () => Plane),
        Recipe.Of(() => InstanceNorm3d(4), () => Space),
        Recipe.Of(() => GroupNorm(2, 4, eps: 0.1), () => Plane),
        Recipe.Of(() => LayerNorm(6), () => Row),
        Recipe.Of(() => LayerNorm([4, 8], elementwise_affine: false), () => Line),
        Recipe.Of(() => LocalResponseNorm(2), () => Plane),
        Recipe.Of(() => Dropout(0.3), () => Row),
        Recipe.Of(() => Evaluated(Dropout(0.3)), () => Row),
        Recipe.Of(() => Dropout1d(0.3), () => Line),
        Recipe.Of(() => Dropout2d(0.3), () => Plane),
        Recipe.Of(() => Dropout3d(0.3), () => Space),
        Recipe.Of(() => AlphaDropout(0.3), () => Row),
        Recipe.Of(() => FeatureAlphaDropout(0.3), () => Plane),
        Recipe.Of(() => Flatten(), () => Plane),
        Recipe.Of(() => Unflatten(1, [2, 3]), () => Row),
        Recipe.Of(() => Fold((4, 4), (2, 2)), () => randn(1, 8, 9, requires_grad: true)),
        Recipe.Of(() => Unfold(2), () => Plane),
        Recipe.Of(() => Identity(), () => Row),
        Recipe.Of(() => PixelShuffle(2), () => Plane),
        Recipe.Of(() => PixelUnshuffle(2), () => Plane),
        Recipe.Of(() => ChannelShuffle(2), () => Plane),
        Recipe.Of(() => Upsample(scale_factor: [2, 2], mode: UpsampleMode.Bilinear, align_corners: true), () => Plane),
        Recipe.OfTwo(() => CosineSimilarity(), () => Row, () => Row),
        Recipe.OfTwo(() => PairwiseDistance(3), () => Row, () => Row),
    ];

    private static IEnumerable<Recipe> Pools =>
    [
        Recipe.Of(() => AdaptiveAvgPool1d(3), () => Line),
        Recipe.Of(() => AdaptiveAvgPool2d(3), () => Plane),
        Recipe.Of(() => AdaptiveAvgPool3d(3), () => Space),
        Recipe.Of(() => AdaptiveMaxPool1d(3), () => Line),
        Recipe.Of(() => AdaptiveMaxPool2d([3, 2]), () => Plane),
        // TorchSharp 0.107 loses its output size, and cannot run it.
        new("", () => AdaptiveMaxPool3d([3, 2, 1]), _ => [Row]),
        Recipe.Of(() => AvgPool1d(2, padding: 1), () => Line),
        Recipe.Of(() => AvgPool2d(2, ceil_mode: true), () => Plane),
        Recipe.Of(() => AvgPool3d([2, 2, 2], divisor_override: 3), () => Space),
        Recipe.Of(() => MaxPool1d(2), () => Line),
        Recipe.Of(() => MaxPool2d(2, dilation: 2), () => Plane),
        Recipe.Of(() => MaxPool3d(2), () => Space),
        Recipe.Of(() => FractionalMaxPool2d(2, output_size: 3), () => Plane),
        Recipe.Of(() => FractionalMaxPool3d(2, output_ratio: 0.5), () => Space),
        Recipe.Of(() => LPPool1d(2, 2), () => Line),
        Recipe.Of(() => LPPool2d(3, 2), () => Plane.abs()),
        Unpool(() => MaxUnpool1d(2), () => functional.max_pool1d_with_indices(Line, 2)),
        Unpool(() => MaxUnpool2d(2), () => functional.max_pool2d_with_indices(Plane, [2, 2])),
        Unpool(() => MaxUnpool3d(2), () => functional.max_pool3d_with_indices(Space, [2, 2, 2])),
    ];

    private static IEnumerable<Recipe> Pads =>
    [
        Recipe.Of(() => ConstantPad1d(2, 0.5), () => Line),
        Recipe.Of(() => ConstantPad2d((1, 2, 3, 4), 0.5), () => Plane),
        Recipe.Of(() => ConstantPad3d(1, 0.5), () => Space),
        Recipe.Of(() => ReflectionPad1d(2), () => Line),
        Recipe.Of(() => ReflectionPad2d(2), () => Plane),
        Recipe.Of(() => ReflectionPad3d(2), () => Space),
        Recipe.Of(() => ReplicationPad1d(2), () => Line),
        Recipe.Of(() => ReplicationPad2d(2), () => Plane),
        Recipe.Of(() => ReplicationPad3d(2), () => Space),
        Recipe.Of(() => ZeroPad2d(2), () => Plane),
    ];

    private static IEnumerable<Recipe> Activations =>
    [
        Recipe.Of(() => CELU(0.7), () => Row),
        Recipe.Of(() => ELU(0.7), () => Row),
        Recipe.Of(() => GELU(TorchSharp.Modules.GELU.Approximate.tanh), () => Row),
        Recipe.Of(() => GLU(), () => Row),
        Recipe.Of(() => Hardshrink(0.3), () => Row),
        Recipe.Of(() => Hardsigmoid(), () => Row),
        Recipe.Of(() => Hardswish(), () => Row),
        Recipe.Of(() => Hardtanh(-0.5, 0.7), () => Row),
        Recipe.Of(() => LeakyReLU(0.3), () => Row),
        Recipe.Of(() => LogSigmoid(), () => Row),
        Recipe.Of(() => LogSoftmax(1), () => Row),
        Recipe.Of(() => Mish(), () => Row),
        Recipe.Of(() => PReLU(6, 0.3), () => Row),
        Recipe.Of(() => RReLU(0.1, 0.4), () => Row),
        Recipe.Of(() => ReLU(), () => Row),
        Recipe.Of(() => ReLU(inplace: true), () => Row * 1),
        Recipe.Of(() => ReLU6(), () => Row),
        Recipe.Of(() => SELU(), () => Row),
        Recipe.Of(() => SiLU(), () => Row),
        Recipe.Of(() => Sigmoid(), () => Row),
        Recipe.Of(() => Softmax(1), () => Row),
        Recipe.Of(() => Softmax2d(), () => Plane),
        Recipe.Of(() => Softmin(1), () => Row),
        Recipe.Of(() => Softplus(2), () => Row),
        Recipe.Of(() => Softshrink(0.3), () => Row),
        Recipe.Of(() => Softsign(), () => Row),
        Recipe.Of(() => Tanh(), () => Row),
        Recipe.Of(() => Tanhshrink(), () => Row),
        Recipe.Of(() => Threshold(0.2, 7), () => Row),
    ];

    private static IEnumerable<Recipe> Losses =>
    [
        Recipe.OfTwo(() => BCELoss(rand(6)), () => Row.sigmoid(), () => rand(3, 6)),
        Recipe.OfTwo(() => BCEWithLogitsLoss(pos_weights: rand(6)), () => Row, () => rand(3, 6)),
        Recipe.OfTwo(() => CrossEntropyLoss(rand(6), ignore_index: 2), () => Row, () => Classes),
        Recipe.OfTwo(() => NLLLoss(rand(6)), () => Row.log_softmax(1), () => Classes),
        Recipe.OfTwo(() => PoissonNLLLoss(full: true), () => Row, () => rand(3, 6)),
        Recipe.OfTwo(() => KLDivLoss(log_target: false), () => Row.log_softmax(1), () => rand(3, 6)),
        Recipe.OfTwo(() => HingeEmbeddingLoss(0.7), () => Row, () => Signs),
        Recipe.OfTwo(() => HuberLoss(0.7), () => Row, () => Row),
        Recipe.OfTwo(() => L1Loss(Reduction.Sum), () => Row, () => Row),
        Recipe.OfTwo(() => MSELoss(), () => Row, () => Row),
        Recipe.OfTwo(() => SmoothL1Loss(beta: 0.4), () => Row, () => Row),
        Recipe.OfTwo(() => SoftMarginLoss(), () => Row, () => Signs),
        Recipe.OfTwo(() => MultiLabelMarginLoss(), () => Row, () => randint(0, 6, [3, 6])),
        Recipe.OfTwo(() => MultiLabelSoftMarginLoss(rand(6)), () => Row, () => rand(3, 6)),
        Recipe.OfTwo(() => MultiMarginLoss(2, 0.6, rand(6)), () => Row, () => Classes),
        Recipe.OfThree(() => CosineEmbeddingLoss(0.2), () => Row, () => Row, () => Signs[.., 0]),
        Recipe.OfThree(() => MarginRankingLoss(0.2), () => Row, () => Row, () => Signs),
        Recipe.OfThree(() => TripletMarginLoss(0.7, swap: true), () => Row, () => Row, () => Row),
        Recipe.OfThree(() => TripletMarginWithDistanceLoss((one, other) => (one - other).abs().sum(1)), () => Row, () => Row, () => Row),
        Recipe.OfThree(() => GaussianNLLLoss(full: true), () => Row, () => Row, () => rand(3, 6)),
        new("", () => CTCLoss(zero_infinity: true), module => [((nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor>)module)
            .call(randn(8, 2, 6).log_softmax(2), randint(1, 6, [2, 3]), tensor([8, 8]), tensor([3, 2]))]),
    ];

    private static IEnumerable<Recipe> Containers =>
    [
        Recipe.Of(() => Sequential(("in", Linear(6, 4)), ("norm", Evaluated(BatchNorm1d(4))), ("out", Sequential(ReLU(), Linear(4, 2)))), () => Row),
        Recipe.Of(() => Sequential(), () => Row),
        new("", () => ModuleList<nn.Module>(Linear(6, 6), ReLU()), module => ((TorchSharp.Modules.ModuleList<nn.Module>)module)
            .Select(layer => ((nn.Module<Tensor, Tensor>)layer).call(Row))),
        new("", () => ModuleDict<nn.Module>(("b", Linear(6, 6)), ("a", ReLU())), module => ((TorchSharp.Modules.ModuleDict<nn.Module>)module)
            .values().Select(layer => ((nn.Module<Tensor, Tensor>)layer).call(Row))),
        new("", () => ParameterList(Parameter(randn(6)), Parameter(randn(6), requires_grad: false)), module => ((TorchSharp.Modules.ParameterList)module)
            .Select(parameter => Row * parameter)),
        new("", () => ParameterDict(("b", Parameter(randn(6))), ("a", Parameter(randn(6)))), module => ((TorchSharp.Modules.ParameterDict)module)
            .values().Select(parameter => Row * parameter)),
    ];

    private static T Evaluated<T>(T module)
        where T : nn.Module
    {
        module.eval();
        return module;
    }

    private static Recipe Unpool(Func<nn.Module> make, Func<(Tensor Values, Tensor Indices)> pool) => new("", make, module =>
    {
        (Tensor values, Tensor indices) = pool();
        return [((nn.Module<Tensor, Tensor, long[]?, Tensor>)module).call(values, indices, null)];
    });
}
