"""Published claims, run here: does ours lie within the sampling error of both sides?"""
