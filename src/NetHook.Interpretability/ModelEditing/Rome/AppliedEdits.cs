using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The edits that one parameter of a model has on top of its original values. They may be undone in any order: the parameter
/// then has its original values, bit by bit, and on them the edits that are left, in the order in which they were made.
/// </summary>
internal sealed class AppliedEdits
{
    private static readonly ConditionalWeakTable<nn.Module, Dictionary<string, AppliedEdits>> OfModels = [];

    private readonly List<Edit> _edits = [];
    private readonly nn.Module _model;
    private readonly string _name;
    private Tensor? _original;

    private AppliedEdits(nn.Module model, string name) => (_model, _name) = (model, name);

    /// <summary>Adds a matrix to a parameter until the result is disposed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="name">The parameter.</param>
    /// <param name="factors">The two vectors whose outer product is added. They are kept, with handles of their own.</param>
    public static IDisposable Apply(nn.Module model, string name, (Tensor Rows, Tensor Columns) factors)
    {
        lock (OfModels)
        {
            Dictionary<string, AppliedEdits> ofModel = OfModels.GetOrCreateValue(model);
            if (!ofModel.TryGetValue(name, out AppliedEdits? edits))
                ofModel.Add(name, edits = new(model, name));
            return edits.Add(factors, isPermanent: false);
        }
    }

    /// <summary>Adds a matrix to a parameter for good, and so that edits made before can still be undone.</summary>
    public static void ApplyPermanently(nn.Module model, string name, (Tensor Rows, Tensor Columns) factors)
    {
        lock (OfModels)
        {
            if (OfModels.TryGetValue(model, out Dictionary<string, AppliedEdits>? ofModel) && ofModel.TryGetValue(name, out AppliedEdits? edits))
                edits.Add(factors, isPermanent: true);
            else
                AddTo(model.GetParameter(name), factors.Rows, factors.Columns);
        }
    }

    private static void AddTo(Tensor weight, Tensor rows, Tensor columns)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        weight.PlusInPlace(outer(rows, columns).to(weight.dtype, weight.device));
    }

    private Edit Add((Tensor Rows, Tensor Columns) factors, bool isPermanent)
    {
        Tensor weight = _model.GetParameter(_name);
        using (no_grad())
            _original ??= weight.clone().DetachFromDisposeScope();
        var edit = new Edit(this, factors.Rows.alias().DetachFromDisposeScope(), factors.Columns.alias().DetachFromDisposeScope(), isPermanent);
        _edits.Add(edit);
        AddTo(weight, edit.Rows, edit.Columns);
        return edit;
    }

    private void Undo(Edit edit)
    {
        lock (OfModels)
        {
            if (!_edits.Remove(edit))
                return;
            edit.Free();
            Tensor weight = _model.GetParameter(_name);
            if (!weight.IsInvalid)
                Restore(weight);
            if (_edits.TrueForAll(left => left.IsPermanent))
                Forget();
        }
    }

    private void Restore(Tensor weight)
    {
        using IDisposable _ = no_grad();
        weight.copy_(_original!);
        foreach (Edit left in _edits)
            AddTo(weight, left.Rows, left.Columns);
    }

    private void Forget()
    {
        _edits.ForEach(left => left.Free());
        _edits.Clear();
        _original!.Dispose();
        _original = null;
        if (OfModels.TryGetValue(_model, out Dictionary<string, AppliedEdits>? ofModel))
            ofModel.Remove(_name);
    }

    private sealed class Edit(AppliedEdits owner, Tensor rows, Tensor columns, bool isPermanent) : IDisposable
    {
        public Tensor Rows => rows;

        public Tensor Columns => columns;

        public bool IsPermanent => isPermanent;

        public void Dispose() => owner.Undo(this);

        public void Free()
        {
            rows.Dispose();
            columns.Dispose();
        }
    }
}
