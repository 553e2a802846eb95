"""First step: the rows to train on, and those that are held back."""

from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from wine import folder


def main() -> None:
    wines = load_wine(as_frame=True).frame
    print(f"read {len(wines)} wines with {wines.shape[1] - 1} measures", flush=True)
    kept, held = train_test_split(wines, test_size=0.25, random_state=7, stratify=wines["target"])
    for name, rows in (("train", kept), ("held-back", held)):
        path = folder() / f"{name}.csv"
        rows.to_csv(path, index=False)
        print(f"wrote {len(rows)} rows to {path.name}", flush=True)


if __name__ == "__main__":
    main()
