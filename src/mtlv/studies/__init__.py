"""Studies: from a config to trained, scored and recorded plans.

import mtlv
outcome = mtlv.run("study.yaml")
print(outcome["mtl"].summary.metrics["f1_macro"])
"""
