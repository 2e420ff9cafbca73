"""Why it works: what single-task and multi-task models look at.

`explaining` makes every view that a study allows, `one_text` says what each word of a text adds to
the scores of every plan, and `views` makes the three views of the article. Results are stored
beside the study, and what reads them needs no torch:

    from mtlv.explain.explaining import Asked, explain_study
    from mtlv.explain.one_text import explain_text

    record = explain_study(Store("runs"), "openi", Asked(tasks=("Effusion",)))
    Store("runs").explanations.frame(record.id, "words")
"""
