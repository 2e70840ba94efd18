#:project ../src/NetHook/NetHook.csproj

// Grad-CAM (Selvaraju et al. 2017): where did a network look? It is trained here, in seconds, to say which shapes are in a
// picture, and never told where. Then the layer's output and the gradient there show it. Writes grad-cam.png, or the file named.
using System.Buffers.Binary;
using System.IO.Compression;
using NetHook;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

const int Size = 32;
string[] shapes = ["disc", "square", "cross"];
manual_seed(1);
set_num_threads(1); // more threads than such small tensors need only wait for each other

using var net = nn.Sequential(
    ("block1", nn.Sequential(nn.Conv2d(1, 8, 3, padding: 1), nn.ReLU(inplace: true), nn.MaxPool2d(2))),
    ("block2", nn.Sequential(nn.Conv2d(8, 16, 3, padding: 1), nn.ReLU(inplace: true), nn.MaxPool2d(2))),
    ("block3", nn.Sequential(nn.Conv2d(16, 24, 3, padding: 1), nn.ReLU(inplace: true))),
    ("pool", nn.AdaptiveAvgPool2d(1)),
    ("flatten", nn.Flatten()),
    ("head", nn.Linear(24, shapes.Length)));
Train(steps: 600);

var (pictures, present, centres) = Draw(500);
using (no_grad())
    Console.WriteLine($"Says which shapes are there in {((net.call(pictures) > 0) == present).mean([0, 1], type: float32).item<float>():P1} of new pictures.");

// A picture with all three, and the map of each.
var chosen = present.all(1).nonzero()[0, 0].item<long>();
var picture = pictures[chosen].unsqueeze(0);
using var frozen = Gradients.Frozen(net);
using var trace = new Trace(net, "block3", new() { RetainGrad = true });
var panels = new List<Tensor> { Grey(picture[0, 0]) };
foreach (var (shape, name) in shapes.Index())
{
    trace.Run(() => net.call(picture)[0, shape].backward());
    var weights = trace.Gradient.mean([2, 3], keepdim: true);
    var coarse = (weights * trace.Output).sum(1, keepdim: true).relu().detach();
    var map = interpolate(coarse, [Size, Size], mode: InterpolationMode.Bilinear, align_corners: false)[0, 0];
    panels.Add(Overlay(picture[0, 0], map / map.max()));

    var peak = map.argmax().item<long>();
    var (x, y) = (centres[chosen, shape, 0].item<float>(), centres[chosen, shape, 1].item<float>());
    var distance = Math.Max(Math.Abs((peak % Size) - x), Math.Abs((peak / Size) - y));
    Console.WriteLine($"{name,-6} drawn around ({x:F0}, {y:F0}), seen at ({peak % Size}, {peak / Size}): {(distance <= 8 ? "found" : "missed")}");
}

var file = args.Length > 0 ? args[0] : "grad-cam.png";
WritePng(file, cat(panels, 1), scale: 5);
Console.WriteLine($"Wrote {file}: the picture, and where the network saw each shape.");

void Train(int steps)
{
    using var optimizer = optim.Adam(net.parameters(), lr: 0.01);
    for (var step = 0; step < steps; step++)
    {
        using var scope = NewDisposeScope();
        var (x, target, _) = Draw(32);
        optimizer.zero_grad();
        binary_cross_entropy_with_logits(net.call(x), target.to(float32)).backward();
        optimizer.step();
    }
}

// Noisy pictures in which each shape is there or not, each in a quarter of its own: [batch, 1, Size, Size].
(Tensor Pictures, Tensor Present, Tensor Centres) Draw(int batch)
{
    const float Radius = 5.5f;
    var quarter = rand(batch, 4).argsort(1)[.., ..shapes.Length];
    var centres = (stack([quarter % 2, quarter.div(2, RoundingMode.floor)], -1) * (Size / 2)) + (Size / 4) + ((rand(batch, shapes.Length, 2) - 0.5) * 4);
    var present = rand(batch, shapes.Length) < 0.5;

    var at = arange(Size, float32);
    var dx = (at.reshape(1, 1, 1, Size) - centres[.., .., TensorIndex.Single(0)].reshape(batch, -1, 1, 1)).abs();
    var dy = (at.reshape(1, 1, Size, 1) - centres[.., .., TensorIndex.Single(1)].reshape(batch, -1, 1, 1)).abs();
    var far = max(dx, dy);
    var drawn = stack(
    [
        (dx.square() + dy.square() < Radius * Radius)[.., 0],
        (far < Radius - 1)[.., 1],
        ((min(dx, dy) < 1.5) & (far < Radius))[.., 2],
    ], 1) & present.reshape(batch, -1, 1, 1);
    return (drawn.any(1, keepdim: true).to(float32) + (randn(batch, 1, Size, Size) * 0.15), present, centres);
}

// Pictures of bytes, [Size, Size, 3].
Tensor Grey(Tensor picture) => (picture.clamp(0, 1) * 160).unsqueeze(-1).expand(Size, Size, 3);

Tensor Overlay(Tensor picture, Tensor map)
{
    var heat = stack([map * 2, (map * 2) - 1, zeros_like(map)], -1).clamp(0, 1) * 255;
    var opacity = map.unsqueeze(-1) * 0.8;
    return (Grey(picture) * (1 - opacity)) + (heat * opacity);
}

static void WritePng(string file, Tensor colours, int scale)
{
    var pixels = colours.repeat_interleave(scale, 0).repeat_interleave(scale, 1).to(uint8).contiguous();
    var (height, width) = ((int)pixels.shape[0], (int)pixels.shape[1]);
    var bytes = pixels.data<byte>().ToArray();

    using var packed = new MemoryStream();
    using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
    {
        for (var row = 0; row < height; row++)
        {
            zlib.WriteByte(0); // no filter
            zlib.Write(bytes, row * width * 3, width * 3);
        }
    }

    var header = new byte[13];
    BinaryPrimitives.WriteInt32BigEndian(header, width);
    BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
    (header[8], header[9]) = (8, 2); // eight bits each of red, green and blue
    using var stream = File.Create(file);
    stream.Write([0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n']);
    Chunk("IHDR"u8, header);
    Chunk("IDAT"u8, packed.ToArray());
    Chunk("IEND"u8, []);

    void Chunk(ReadOnlySpan<byte> type, byte[] data)
    {
        byte[] named = [.. type, .. data];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(named);
        var crc = uint.MaxValue;
        foreach (var value in named)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }

        BinaryPrimitives.WriteUInt32BigEndian(number, ~crc);
        stream.Write(number);
    }
}
