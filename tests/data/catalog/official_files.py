"""Tiny datasets of tagged mentions and relations in the exact official forms. All made up."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PARTS = ("train", "devel", "test")

CHEMICAL = "Aspirin\tB-Chemical\nreduces\tO\nfever\tO\n.\tO\n\nIt\tO\nis\tO\nold\tO\n.\tO\n\n"
DISEASE = "Aspirin\tO\nreduces\tO\nhay\tB-Disease\nfever\tI-Disease\n.\tO\n\nIt\tO\nhelps\tO\n\n"

PUBTATOR = """\
{id}|t|Aspirin and hay fever.
{id}|a|Aspirin 2 mg reduced fever. Pain, e.g. Headache, was less.
{id}\t0\t7\tAspirin\tChemical\tD001241
{id}\t12\t21\thay fever\tDisease\tD006255
{id}\t23\t30\tAspirin\tChemical\tD001241
{id}\t44\t49\tfever\tDisease\tD005334
{id}\t51\t55\tPain\tDisease\tD010146
{id}\t62\t70\tHeadache\tDisease\tD006261
{id}\tCID\tD001241\tD006261

"""

DDI_SENTENCE = """\
    <sentence id="{s}" text="Iron lowers the effect of tetracycline and Antacid &amp; co.">
        <entity id="{s}.e0" charOffset="0-3" type="drug" text="Iron"/>
        <entity id="{s}.e1" charOffset="26-37" type="group" text="tetracycline"/>
        <entity id="{s}.e2" charOffset="43-49;53-54" type="brand" text="Antacid co"/>
        <pair id="{s}.p0" e1="{s}.e0" e2="{s}.e1" ddi="true" type="effect"/>
        <pair id="{s}.p1" e1="{s}.e0" e2="{s}.e2" ddi="false"/>
        <pair id="{s}.p2" e1="{s}.e2" e2="{s}.e1" ddi="{ddi}"{type}/>
    </sentence>
"""


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def three(text: str, names: Sequence[str] = PARTS) -> dict[str, str]:
    return {f"{name}.tsv": text for name in names}


def pubtator_files() -> dict[str, str]:
    names = ("Training", "Development", "Test")
    return {
        f"CDR_{name}Set.PubTator.txt": PUBTATOR.format(id=227508 + n)
        for n, name in enumerate(names)
    }


def clefe_files() -> dict[str, str]:
    text = "Admission Date: 3\n\nLeft and right knee pain.\nNo fever noted. He left.\n"
    return {
        "Task1TrainSetCorpus2/00098-016139-DISCHARGE_SUMMARY.txt": text,
        "Task1TrainSetCorpus2/00099-1-ECHO_REPORT.txt": "Normal heart.\n",
        "Task1TestSetCorpus1/00200-1-ECHO_REPORT.txt": text,
        "Task1Train_pipe/00098-016139-DISCHARGE_SUMMARY.pipe.txt": (
            "00098-016139-DISCHARGE_SUMMARY.txt||Disease_Disorder||C1||19||23||39||43\n"
            "00098-016139-DISCHARGE_SUMMARY.txt||Disease_Disorder||CUI-less||48||53\n"
        ),
        "Task1Train_pipe/00099-1-ECHO_REPORT.pipe.txt": "",
        "Task1Test_pipe/00200-1-ECHO_REPORT.pipe.txt": (
            "00200-1-ECHO_REPORT.txt||Disease_Disorder||C2||28||43\n"
        ),
    }


def ddi_document(name: str, ddi: str = "false", kind: str = "", number: int = 0) -> str:
    sentence = DDI_SENTENCE.format(s=f"{name}.s{number}", ddi=ddi, type=kind)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<document id="{name}">\n{sentence}</document>\n'
    )


def ddi_files() -> dict[str, str]:
    task = "DDICorpus/Test/Test for DDI Extraction task"
    return {
        "DDICorpus/Train/DrugBank/Iron_ddi.xml": ddi_document("DDI-DrugBank.d1"),
        "DDICorpus/Train/DrugBank/Amphetamine_ddi.xml": ddi_document(
            "DDI-DrugBank.d236", "true", number=29
        )
        .replace(".p0", ".p9")
        .replace(".p2", ".p0"),
        "DDICorpus/Train/.DS_Store": "x",
        f"{task}/MedLine/100.xml": ddi_document("DDI-MedLine.d2", "true", ' type="int"'),
        "DDICorpus/Test/Test for DrugNER task/MedLine/200.xml": ddi_document("DDI-MedLine.d3"),
    }


def write_zip(path: Path, files: Mapping[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def scibert_files() -> dict[str, str]:
    rows = [
        ("<< EGFR >> inhibitors such as [[ gefitinib ]] (Iressa).", "INHIBITOR"),
        ("[[ << CA >> inhibitor ]] a[[b]c binds to >>3.", "SUBSTRATE"),
    ]
    lines = [json.dumps({"text": t, "label": label, "metadata": []}) for t, label in rows]
    return {f"{name}.txt": "\n".join(lines) + "\n" for name in ("train", "dev", "test")}


def chemprot_files() -> dict[str, str]:
    files = {}
    for part, end in (("training", ""), ("development", ""), ("test", "_gs")):
        folder = f"chemprot_{part}{end}/chemprot_{part}_"
        # 0 Aspirin, 17 COX-2, 24 Salicylate, 47 EGFR, 60 EGFR again, in 'EGFR-inhibitor'.
        files[f"{folder}abstracts{end}.tsv"] = (
            "100\tAspirin inhibits COX-2.\tSalicylate did not act on EGFR. An EGFR-inhibitor did.\n"
        )
        files[f"{folder}entities{end}.tsv"] = (
            "100\tT1\tCHEMICAL\t0\t7\tAspirin\n"
            "100\tT2\tCHEMICAL\t24\t34\tSalicylate\n"
            "100\tT3\tGENE-Y\t17\t22\tCOX-2\n"
            "100\tT4\tGENE-N\t50\t54\tEGFR\n"
            "100\tT5\tGENE-N\t59\t63\tEGFR\n"
            "100\tT6\tCHEMICAL\t59\t73\tEGFR-inhibitor\n"
        )
        files[f"{folder}gold_standard{end}.tsv"] = (
            "100\tCPR:4\tArg1:T1\tArg2:T3\n"
            "100\tCPR:9\tArg1:T1\tArg2:T3\n"
            "100\tCPR:4\tArg1:T6\tArg2:T5\n"
            "100\tCPR:3\tArg1:T1\tArg2:T4\n"
        )
    return files


def i2b2_files() -> dict[str, str]:
    text = "Admission Date :\nHis chest pain was treated with aspirin , then an ECG .\nNo pain .\n"
    concepts = (
        'c="his chest pain" 2:0 2:2||t="problem"\n'
        'c="aspirin" 2:6 2:6||t="treatment"\n'
        'c="an ecg" 2:9 2:10||t="test"\n'
        'c="chest" 2:1 2:1||t="problem"\n'
        'c="pain" 3:1 3:1||t="problem"\n'
    )
    relations = (
        'c="aspirin" 2:6 2:6||r="TrAP"||c="his chest pain" 2:0 2:2\n'
        'c="an ecg" 2:9 2:10||r="TeCP"||c="his chest pain" 2:0 2:2\n'
    )
    train = "concept_assertion_relation_training_data/beth"
    return {
        f"{train}/txt/record-1.txt": text,
        f"{train}/concept/record-1.con": concepts,
        f"{train}/rel/record-1.rel": relations,
        f"{train}/ast/record-1.ast": "other things\n",
        "test_data/0001.txt": text,
        "reference_standard_for_test_data/concepts/0001.con": concepts,
        "reference_standard_for_test_data/rel/0001.rel": "",
    }


def blue_rows(*labels: str, start: int = 0) -> str:
    rows = [
        f"{n}.T1.T2\t@GENE$ acts on @CHEMICAL$\t{label}" for n, label in enumerate(labels, start)
    ]
    return "index\tsentence\tlabel\n" + "\n".join(rows) + "\n"


def write_tagged_and_related(root: Path) -> Path:
    """Write every dataset of this module where a data folder has it."""
    write_files(root / "bc5cdr_ner/BC5CDR-chem-IOB", three(CHEMICAL))
    write_files(root / "bc5cdr_ner/BC5CDR-disease-IOB", three(DISEASE))
    write_files(root / "ncbi_disease_ner/NCBI-disease-IOB", three(DISEASE))
    write_files(root / "clefe", clefe_files())
    write_files(root / "chemprot", scibert_files())
    write_zip(root / "ddi2013/DDICorpus-2013.zip", ddi_files())
    write_files(root / "i2b2", i2b2_files())
    return root
